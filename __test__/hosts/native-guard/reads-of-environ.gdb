# Watches a Node process for reads of the variable `environ`, with which every use of the environment
# begins, the C library's own and Rust's included. Each is a line; off the main thread the stack follows.
set pagination off
set confirm off
handle SIGUSR1 SIGCHLD SIGPIPE nostop noprint pass
break main
run
delete
rwatch *(char***)&__environ
commands
silent
if $_thread == 1
  echo WATCH main thread\n
else
  echo WATCH other thread\n
  backtrace 40
end
continue
end
continue
