// The published LaunchDarkly SDK for Go on a DynamoDB table, at the command of a test.
//
// Each line of the input is a command in JSON; each line of the output is its result, likewise.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldlog"
	"github.com/launchdarkly/go-sdk-common/v3/ldvalue"
	lddynamodb "github.com/launchdarkly/go-server-sdk-dynamodb/v4"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"
	"github.com/launchdarkly/go-server-sdk/v7/subsystems"
	"github.com/launchdarkly/go-server-sdk/v7/subsystems/ldstoreimpl"
	"github.com/launchdarkly/go-server-sdk/v7/subsystems/ldstoretypes"
)

// The number of updates that are sent at once.
const concurrency = 16

// The parts of a command, in JSON.
type arguments []json.RawMessage

// The peer is a client in daemon mode, and the store that it evaluates flags from.
type peer struct {
	client      *ld.LDClient
	store       subsystems.DataStore
	bigSegments subsystems.BigSegmentStore
}

// A configurer that remembers the store that it makes for the client.
type remembering struct {
	subsystems.ComponentConfigurer[subsystems.DataStore]
	store subsystems.DataStore
}

func (r *remembering) Build(context subsystems.ClientContext) (subsystems.DataStore, error) {
	store, err := r.ComponentConfigurer.Build(context)
	r.store = store
	return store, err
}

func open(table string, prefix string, endpoint string) (*peer, error) {
	options := dynamodb.Options{EndpointResolver: dynamodb.EndpointResolverFromURL(endpoint)}
	core := lddynamodb.DataStore(table).Prefix(prefix).ClientOptions(options)
	store := &remembering{ComponentConfigurer: ldcomponents.PersistentDataStore(core).NoCaching()}
	config := ld.Config{
		DataSource: ldcomponents.ExternalUpdatesOnly(),
		DataStore:  store,
		Events:     ldcomponents.NoEvents(),
		Logging:    ldcomponents.NoLogging(),
	}
	client, err := ld.MakeCustomClient("an-SDK-key", config, 0)
	if err != nil {
		return nil, err
	}
	logging := subsystems.LoggingConfiguration{Loggers: ldlog.NewDisabledLoggers()}
	context := subsystems.BasicClientContext{Logging: logging}
	bigSegments, err := lddynamodb.BigSegmentStore(table).Prefix(prefix).ClientOptions(options).Build(context)
	return &peer{client, store.store, bigSegments}, err
}

func kindNamed(name string) ldstoretypes.DataKind {
	for _, kind := range ldstoreimpl.AllKinds() {
		if kind.GetName() == name {
			return kind
		}
	}
	panic("no such kind: " + name)
}

func (p *peer) init(data map[string]map[string]json.RawMessage) error {
	var collections []ldstoretypes.Collection
	for name, texts := range data {
		collection := ldstoretypes.Collection{Kind: kindNamed(name)}
		for key, text := range texts {
			item, err := collection.Kind.Deserialize(text)
			if err != nil {
				return err
			}
			collection.Items = append(collection.Items, ldstoretypes.KeyedItemDescriptor{Key: key, Item: item})
		}
		collections = append(collections, collection)
	}
	return p.store.Init(collections)
}

func (p *peer) upsert(kind ldstoretypes.DataKind, text string) error {
	var named struct{ Key string }
	if err := json.Unmarshal([]byte(text), &named); err != nil {
		return err
	}
	item, err := kind.Deserialize([]byte(text))
	if err != nil {
		return err
	}
	_, err = p.store.Upsert(kind, named.Key, item)
	return err
}

func (p *peer) upsertAll(kind ldstoretypes.DataKind, texts []string) error {
	var group sync.WaitGroup
	slots := make(chan struct{}, concurrency)
	failures := make(chan error, len(texts))
	for _, text := range texts {
		slots <- struct{}{}
		group.Add(1)
		go func(text string) {
			defer group.Done()
			failures <- p.upsert(kind, text)
			<-slots
		}(text)
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *peer) delete(kind ldstoretypes.DataKind, key string, version int) error {
	_, err := p.store.Upsert(kind, key, ldstoretypes.ItemDescriptor{Version: version})
	return err
}

// Returns the JSON of an item, or nil for a tombstone or none.
func encoded(kind ldstoretypes.DataKind, item ldstoretypes.ItemDescriptor) json.RawMessage {
	if item.Item == nil {
		return nil
	}
	return kind.Serialize(item)
}

func (p *peer) get(kind ldstoretypes.DataKind, key string) (any, error) {
	item, err := p.store.Get(kind, key)
	return encoded(kind, item), err
}

func (p *peer) all(kind ldstoretypes.DataKind) (any, error) {
	items, err := p.store.GetAll(kind)
	result := map[string]json.RawMessage{}
	for _, item := range items {
		if text := encoded(kind, item.Item); text != nil {
			result[item.Key] = text
		}
	}
	return result, err
}

// Returns what the SDK makes of an item: it has its own model of flags and segments.
func written(kind ldstoretypes.DataKind, text string) (any, error) {
	item, err := kind.Deserialize([]byte(text))
	return encoded(kind, item), err
}

func (p *peer) evaluate(key string, context ldcontext.Context, fallback ldvalue.Value) (any, error) {
	// The error is in the reason, too.
	value, detail, _ := p.client.JSONVariationDetail(key, context, fallback)
	return []any{value, detail.Reason}, nil
}

func (p *peer) lastUpToDate() (any, error) {
	metadata, err := p.bigSegments.GetMetadata()
	if metadata.LastUpToDate == 0 {
		return nil, err
	}
	return metadata.LastUpToDate, err
}

func (p *peer) membership(hash string, references []string) (any, error) {
	membership, err := p.bigSegments.GetMembership(hash)
	if err != nil {
		return nil, err
	}
	result := map[string]bool{}
	for _, reference := range references {
		if found, isDefined := membership.CheckMembership(reference).Get(); isDefined {
			result[reference] = found
		}
	}
	return result, nil
}

func (p *peer) close() error {
	if err := p.bigSegments.Close(); err != nil {
		return err
	}
	return p.client.Close()
}

// Returns an argument of a command. A null leaves the zero value.
func argument[T any](args arguments, index int) T {
	var value T
	if err := json.Unmarshal(args[index], &value); err != nil {
		panic(err)
	}
	return value
}

func (p *peer) call(method string, args arguments) (any, error) {
	kind := func() ldstoretypes.DataKind { return kindNamed(argument[string](args, 0)) }
	switch method {
	case "init":
		return nil, p.init(argument[map[string]map[string]json.RawMessage](args, 0))
	case "upsert":
		return nil, p.upsert(kind(), argument[string](args, 1))
	case "upsert_all":
		return nil, p.upsertAll(kind(), argument[[]string](args, 1))
	case "delete":
		return nil, p.delete(kind(), argument[string](args, 1), argument[int](args, 2))
	case "get":
		return p.get(kind(), argument[string](args, 1))
	case "all":
		return p.all(kind())
	case "written":
		return written(kind(), argument[string](args, 1))
	case "initialized":
		return p.store.IsInitialized(), nil
	case "evaluate":
		context := argument[ldcontext.Context](args, 1)
		return p.evaluate(argument[string](args, 0), context, argument[ldvalue.Value](args, 2))
	case "last_up_to_date":
		return p.lastUpToDate()
	case "membership":
		return p.membership(argument[string](args, 0), argument[[]string](args, 1))
	case "close":
		return nil, p.close()
	}
	return nil, fmt.Errorf("no such method: %s", method)
}

// Obeys one command. A panic is an error of the command.
func obey(peers map[string]*peer, line []byte) (result any, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	var command arguments
	if err := json.Unmarshal(line, &command); err != nil {
		return nil, err
	}
	name, method := argument[string](command, 0), argument[string](command, 1)
	args := argument[arguments](command, 2)
	if method == "open" {
		peers[name], err = open(argument[string](args, 0), argument[string](args, 1), argument[string](args, 2))
		return nil, err
	}
	return peers[name].call(method, args)
}

func main() {
	peers := map[string]*peer{}
	// A reader has no limit on the length of a line, a scanner has.
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		answer := map[string]any{}
		if result, err := obey(peers, line); err != nil {
			answer["error"] = err.Error()
		} else {
			answer["result"] = result
		}
		if err := output.Encode(answer); err != nil {
			panic(err)
		}
	}
}
