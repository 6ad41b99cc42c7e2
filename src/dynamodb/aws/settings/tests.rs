use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

/// Reads settings from files with these texts.
async fn settings(
    test: &str,
    config: &str,
    credentials: &str,
    variables: &[(&str, &str)],
    profile: Option<&str>,
) -> Settings {
    let folder = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [config_file, credentials_file] =
        [("config", config), ("credentials", credentials)].map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        });
    let mut all = variables.to_vec();
    all.push(("AWS_CONFIG_FILE", &config_file));
    all.push(("AWS_SHARED_CREDENTIALS_FILE", &credentials_file));
    let settings = Settings::read(&environment(&all), profile).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    settings
}

#[tokio::test]
async fn values_that_cannot_be_used_are_left_out_with_one_warning() {
    let config = "[default]\nretry_mode = sometimes # not a mode\nmax_attempts = 0\n\
                  endpoint_url =\nregion =  \n[profile other]\nmax_attempts = many\n";
    let variables = [("AWS_USE_FIPS_ENDPOINT", "perhaps"), ("AWS_ENDPOINT_URL", "")];
    let read = settings("left-out", config, "", &variables, None).await;
    assert_eq!(read.warnings.len(), 3, "{:?}", read.warnings);
    assert!(read.warnings[0].starts_with("AWS_USE_FIPS_ENDPOINT must be true or false;"));
    assert!(read.warnings[1].starts_with("retry_mode in line 2 of "));
    assert!(read.warnings[2].starts_with("max_attempts in line 3 of "));
    assert_eq!((read.max_attempts, read.adaptive_retries), (None, false));
    let profile = read.profile().unwrap();
    for key in ["retry_mode", "max_attempts", "endpoint_url", "region"] {
        assert_eq!(profile.get(key), None, "{key}");
    }
    assert!(read.env().get("AWS_USE_FIPS_ENDPOINT").is_err());
    assert!(read.env().get("AWS_ENDPOINT_URL").is_err());
}

#[tokio::test]
async fn values_that_can_be_used_are_kept() {
    let config = "[default]\nretry_mode=adaptive\ns3 =\n  endpoint_url = http://s3\n";
    let variables = [("AWS_MAX_ATTEMPTS", " 3 ")];
    let read = settings("kept", config, "", &variables, None).await;
    assert_eq!(read.warnings, Vec::<String>::new());
    assert_eq!((read.max_attempts, read.adaptive_retries), (Some(3), true));
    assert_eq!(read.env().get("AWS_MAX_ATTEMPTS").unwrap(), "3");
    assert!(read.profile().unwrap().get("s3").is_some());
}

#[tokio::test]
async fn the_program_is_found_that_the_default_chain_would_come_to() {
    let config = "[profile own]\ncredential_process = own\naws_account_id = 1\n\
                  [profile role]\nrole_arn = r\nsource_profile = own\n\
                  [profile itself]\nrole_arn = r\nsource_profile = itself\ncredential_process = i\n\
                  [profile keys]\nrole_arn = r\nsource_profile = with-keys\n\
                  [profile with-keys]\naws_access_key_id = a\naws_secret_access_key = b\n\
                  credential_process = never\n\
                  [profile circle]\nrole_arn = r\nsource_profile = circle2\n\
                  [profile circle2]\nrole_arn = r\nsource_profile = circle\n\
                  [profile sso]\nsso_session = s\ncredential_process = never\n";
    let found = async |profile: &str, variables: &[(&str, &str)], named: bool| {
        let mut all = variables.to_vec();
        if !named {
            all.push(("AWS_PROFILE", profile));
        }
        let test = format!("program-{profile}-{named}-{}", variables.len());
        let read = settings(&test, config, "", &all, named.then_some(profile)).await;
        read.credential_process().map(|found| (found.command, found.is_own))
    };
    assert_eq!(found("own", &[], false).await, Some(("own".into(), true)));
    assert_eq!(found("role", &[], false).await, Some(("own".into(), false)));
    assert_eq!(found("itself", &[], false).await, Some(("i".into(), false)));
    for profile in ["keys", "circle", "sso", "missing"] {
        assert_eq!(found(profile, &[], false).await, None, "{profile}");
    }
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    assert_eq!(found("own", &keys, false).await, None);
    assert_eq!(found("own", &keys, true).await, Some(("own".into(), true)));
}

#[tokio::test]
async fn a_named_profile_takes_precedence_over_keys_in_the_environment() {
    let credentials = "[a]\naws_access_key_id = x\naws_secret_access_key = y\n[b]\nregion = z\n";
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let has_keys = async |profile| {
        let test = format!("named-{profile:?}");
        let read = settings(&test, "", credentials, &keys, profile).await;
        read.env().get("AWS_ACCESS_KEY_ID").is_ok()
    };
    assert!(!has_keys(Some("a")).await);
    assert!(has_keys(Some("b")).await);
    assert!(has_keys(None).await);
}

#[tokio::test]
async fn a_profile_that_no_file_has_is_named_with_the_files() {
    let config = "[profile a]\nregion = r\n[b]\nregion = r\n\
                  [profile role]\nrole_arn = r\nsource_profile = nobody\n\
                  [profile token]\nrole_arn = r\nweb_identity_token_file = f\nsource_profile = x\n\
                  [profile itself]\nrole_arn = r\nsource_profile = itself\n\
                  [profile circle]\nrole_arn = r\nsource_profile = circle2\n\
                  [profile circle2]\nrole_arn = r\nsource_profile = circle\n";
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let missing = async |profile: &str, keys: &[(&str, &str)], named: bool| {
        let mut all = keys.to_vec();
        if !named {
            all.push(("AWS_PROFILE", profile));
        }
        let test = format!("missing-{profile}-{named}-{}", keys.len());
        let read = settings(&test, config, "[c]\nregion = r\n", &all, named.then_some(profile));
        read.await.missing_profile()
    };
    for known in ["a", "c", "default", "", "token", "itself", "circle"] {
        assert_eq!(missing(known, &[], false).await, None, "{known}");
    }
    for (profile, name, by) in [
        ("typo", "typo", "AWS_PROFILE"),
        ("b", "b", "AWS_PROFILE"),
        ("role", "nobody", "the source_profile of the profile \"role\""),
    ] {
        let found = missing(profile, &[], false).await.unwrap();
        let begin = format!("the profile {name:?}, which {by} names, is not there (looked into /");
        assert!(found.message.starts_with(&begin), "{}", found.message);
        assert!(found.message.contains("config, /") && found.message.ends_with("credentials)"));
        assert!(found.is_needed);
    }
    assert!(!missing("typo", &keys, false).await.unwrap().is_needed);
    let named = missing("typo", &keys, true).await.unwrap();
    assert!(named.is_needed && named.message.contains("which clientOptions.profile names"));
}

#[tokio::test]
async fn a_profile_is_not_there_where_the_files_are_not_or_cannot_be_used() {
    let files = [("AWS_CONFIG_FILE", "/no/config"), ("AWS_SHARED_CREDENTIALS_FILE", "/no/keys")];
    let read = Settings::read(&environment(&files), Some("x")).await.unwrap();
    let found = read.missing_profile().unwrap();
    assert!(found.message.ends_with("(looked into /no/config, /no/keys)"), "{}", found.message);
    let broken = settings("broken-profile", "[profile x\n", "", &[], Some("x")).await;
    assert!(broken.missing_profile().is_some());
    let nowhere = Settings::read(&environment(&[]), Some("x")).await.unwrap();
    assert!(nowhere.missing_profile().unwrap().message.ends_with("(looked into no file)"));
    let nowhere = Settings::read(&environment(&[]), None).await.unwrap();
    assert_eq!(nowhere.missing_profile(), None);
}

#[tokio::test]
async fn an_address_takes_the_place_of_the_name_of_a_containers_host() {
    let url = "http://localhost:8080/localhost";
    let variables = environment(&[(CONTAINER_URL, url)]);
    let mut read = Settings::read(&variables, None).await.unwrap();
    assert_eq!(read.container_credentials_host().as_deref(), Some("localhost"));
    read.set_container_credentials_host([127, 0, 0, 1].into());
    assert_eq!(read.env().get(CONTAINER_URL).unwrap(), "http://127.0.0.1:8080/localhost");
    for other in ["http://127.0.0.1/a", "http://[::1]/a", "https://host/a", "?"] {
        let read = Settings::read(&environment(&[(CONTAINER_URL, other)]), None).await.unwrap();
        assert_eq!(read.container_credentials_host(), None, "{other}");
    }
}

#[tokio::test]
async fn files_that_cannot_be_read_are_one_warning() {
    let folder = std::env::temp_dir();
    let read = Settings::read(&environment(&[("AWS_CONFIG_FILE", folder.to_str().unwrap())]), None)
        .await
        .unwrap();
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    let read = settings("parse", "[default\n", "", &[], None).await;
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    assert!(read.profile().is_none());
}
