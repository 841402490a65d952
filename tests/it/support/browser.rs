//! A real browser: headless Chromium with its driver, both of Debian; the setup for CI brings them.
//!
//! Where it is missing a test says so aloud and ends; with BROWSER=required, as in `.ci/run`, it fails. No name is looked up but
//! those of this machine, so that nothing but the console is ever reached.

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use sandbox::process::{Leash, Leashed};
use sandbox::wait_until;
use serde_json::{Value, json};
use thirtyfour::common::command::{Command as WebDriverCommand, ExtensionCommand};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::runtime::{Builder, Runtime};

/// A browser with one window, which ends with its test.
pub(crate) struct Browser {
    driver: Option<WebDriver>,
    runtime: Runtime,
    _chromedriver: Leashed,
    _folder: tempfile::TempDir,
}

/// The first of these programs on the PATH.
fn program(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
}

impl Browser {
    /// `None`: this machine has none, and may do without.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        let found = (program(&["chromium", "chromium-browser", "google-chrome"]), program(&["chromedriver"]));
        let (Some(chromium), Some(chromedriver)) = found else {
            let missing =
                "there is no Chromium with its driver here: Debian has them as chromium and chromium-driver";
            assert!(std::env::var_os("BROWSER").is_none(), "{missing}");
            // Past the test's own output, which nobody sees of a test that passes.
            #[expect(
                clippy::explicit_write,
                reason = "what eprintln! writes is kept by the runner of the tests"
            )]
            writeln!(std::io::stderr(), "SKIPPED, NOT TESTED IN A BROWSER: {missing}").unwrap();
            return None;
        };
        // The client of the driver is built with TLS, and wants to know whose.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("chromedriver.log");
        let mut command = Command::new(chromedriver);
        command.arg("--port=0").env("HOME", folder.path());
        let leashed = Leash { log: &log, signal: "TERM", remove: None }.start(&command).unwrap();
        let port = wait_until("chromedriver", || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            said.split("successfully on port ").nth(1)?.split('.').next().map(str::to_owned)
        });
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let capabilities = capabilities(&chromium, folder.path()).unwrap();
        let driver = runtime.block_on(WebDriver::new(&*format!("http://127.0.0.1:{port}"), capabilities));
        let driver = Some(driver.unwrap_or_else(|error| panic!("Chromium does not start: {error}")));
        Some(Self { driver, runtime, _chromedriver: leashed, _folder: folder })
    }

    #[track_caller]
    fn wait<T>(&self, work: impl Future<Output = WebDriverResult<T>>) -> T {
        self.runtime.block_on(work).unwrap_or_else(|error| panic!("the browser: {error}"))
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    /// Goes to a page, and waits until it is there.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.wait(self.driver().goto(url));
    }

    /// Clicks on what a CSS selector finds first, which leads to another page, or to this one anew, and waits until that is
    /// there.
    #[track_caller]
    pub(crate) fn follow(&self, selector: &str) {
        self.script("window.left = true; return null");
        self.wait(async { self.driver().find(By::Css(selector)).await?.click().await });
        wait_until("another page", || {
            // While one goes, a script may have no page to run on.
            let there = "return !window.left && document.readyState === 'complete'";
            let there = self.runtime.block_on(self.driver().execute(there, Vec::new()));
            there.is_ok_and(|there| there.json() == &Value::Bool(true)).then_some(())
        });
    }

    /// Writes into a field.
    #[track_caller]
    pub(crate) fn write(&self, selector: &str, text: &str) {
        self.wait(async { self.driver().find(By::Css(selector)).await?.send_keys(text).await });
    }

    /// What a script returns.
    #[track_caller]
    pub(crate) fn script(&self, script: &str) -> Value {
        self.wait(async { Ok(self.driver().execute(script, Vec::new()).await?.json().clone()) })
    }

    /// What people read on the page.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Where the browser is, without its host.
    #[track_caller]
    pub(crate) fn path(&self) -> String {
        self.script("return location.pathname + location.search").as_str().unwrap_or_default().to_owned()
    }

    /// A window of this many pixels, in the dark or not.
    #[track_caller]
    pub(crate) fn look_at(&self, width: u32, height: u32, dark: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", feature);
    }

    /// Presses a key, as a person does.
    #[track_caller]
    pub(crate) fn press(&self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.devtools("Input.dispatchKeyEvent", event);
        }
    }

    /// The page as it is printed, from now on.
    #[track_caller]
    pub(crate) fn look_at_paper(&self) {
        self.devtools("Emulation.setEmulatedMedia", json!({"media": "print"}));
    }

    /// A command of the browser's own protocol.
    #[track_caller]
    fn devtools(&self, method: &'static str, parameters: Value) {
        let command = WebDriverCommand::ExtensionCommand(Box::new(Devtools { method, parameters }));
        self.wait(self.driver().cmd(command));
    }

    /// What the window shows, as PNG.
    #[track_caller]
    pub(crate) fn picture(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.wait(self.driver().screenshot(path));
    }

    /// What the console of the browser complains of since the last time.
    #[track_caller]
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.wait(self.driver().get_log("browser"));
        let complaints = log.into_iter().filter(|entry| matches!(&*entry.level, "SEVERE" | "WARNING"));
        complaints.map(|entry| entry.message).collect()
    }

    /// From where the pages had anything loaded since the last time.
    #[track_caller]
    pub(crate) fn origins(&self) -> BTreeSet<String> {
        let log = self.wait(self.driver().get_log("performance"));
        let origins = log.into_iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(&entry.message).unwrap();
            let event = &event["message"];
            let url = (event["method"] == "Network.requestWillBeSent")
                .then(|| event["params"]["request"]["url"].as_str())??;
            let end = url.match_indices('/').nth(2).map_or(url.len(), |(index, _)| index);
            // The first page of a window is the browser's own.
            Some(url[..end].to_owned())
                .filter(|origin| !origin.starts_with("data:") && !origin.starts_with("chrome"))
        });
        origins.collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = self.runtime.block_on(driver.quit());
        }
    }
}

fn capabilities(chromium: &Path, folder: &Path) -> WebDriverResult<thirtyfour::ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities.set_binary(&chromium.to_string_lossy())?;
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    for argument in [
        "--headless=new",
        // Tests may run as root, and in containers with little shared memory.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        "--lang=en-GB",
        "--accept-lang=en-GB",
        &profile,
    ] {
        capabilities.add_arg(argument)?;
    }
    capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
    capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

#[derive(Debug)]
struct Devtools {
    method: &'static str,
    parameters: Value,
}

impl ExtensionCommand for Devtools {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({"cmd": self.method, "params": self.parameters}))
    }

    fn method(&self) -> hyper::Method {
        hyper::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}
