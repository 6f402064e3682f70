//! The part of the tour that needs something to be done first: forms that are sent back, what is shown once, and a file
//! of people on its way.

use entrypass::web::dashboard::invitations::imports::Stage;
use thirtyfour::By;

use crate::browser_tour::{Eyes, Shown, Tour, name_of};

/// A page with a form, and what is typed into it.
type Mistaken = (&'static str, &'static [(&'static str, &'static str)]);

/// Forms that are sent back.
const SENT_BACK: [Mistaken; 16] = [
    ("/admin/links/new", &[]),
    ("/admin/links/{id}/edit", &[("name", "")]),
    ("/admin/links/{id}/send", &[]),
    ("/admin/presets/new", &[]),
    ("/admin/presets/{id}", &[("name", "")]),
    (
        "/admin/invitations/new",
        &[("client_id", "é"), ("email", "bo")],
    ),
    ("/admin/invitations/import", &[]),
    ("/admin/invitations/start", &[("client_id", "é")]),
    ("/admin/settings/account", &[]),
    ("/admin/settings/account/second-factor", &[]),
    ("/admin/settings/people/new", &[]),
    ("/admin/settings/people/{id}", &[("name", "")]),
    ("/admin/settings/people/{id}/password", &[]),
    ("/admin/settings/keys/new", &[]),
    ("/admin/settings/endpoints/new", &[]),
    ("/admin/settings/endpoints/{id}/change", &[("url", "")]),
];

impl Tour {
    pub async fn sent_back(&self, eyes: &mut impl Eyes, shown: &Shown) {
        let tab = &self.tab;
        for (path, typed) in SENT_BACK {
            tab.open(&shown.address_of(path)).await;
            for (name, value) in typed {
                tab.fill(name, value).await;
            }
            tab.click("main form[method=post] button.primary, main form[action$=password] button")
                .await;
            tab.find(".wrong").await;
            eyes.look(tab, &format!("{} sent back", name_of(path)))
                .await;
        }
    }

    /// What is shown once.
    pub async fn made(&self, eyes: &mut impl Eyes) {
        for (path, name, press) in [
            ("/admin/settings/keys/new", "Shop", "Make the key"),
            (
                "/admin/settings/endpoints/new",
                "https://shop.example.com/",
                "Add",
            ),
        ] {
            self.tab.open(path).await;
            let boxes = "main input[type=checkbox]";
            self.tab.click(boxes).await;
            let first = self
                .tab
                .find("main input[type=text], main input[type=url]")
                .await;
            first.send_keys(name).await.expect("a field");
            self.tab.press(press).await;
            self.tab.control("I have kept it").await;
            eyes.look(&self.tab, &format!("{} made", name_of(path)))
                .await;
        }
        self.tab.open("/admin/invitations/start").await;
        self.tab.press("Start the session").await;
        self.tab.sees("Hand it over now").await;
        eyes.look(&self.tab, "admin invitations start made").await;
    }

    /// A file is refused, then checked, being made, given up and made.
    pub async fn a_file_of_people(&self, eyes: &mut impl Eyes) {
        let tab = &self.tab;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("people.csv");
        let upload = async |text: &str| {
            std::fs::write(&file, text).expect("a file");
            tab.open("/admin/invitations/import").await;
            let field = tab.driver.find(By::Name("file")).await.expect("a field");
            let path = file.to_str().expect("plain letters");
            field.send_keys(path).await.expect("a field");
            tab.press("Check the file").await;
        };
        upload("client_id;email\na;\nb;bo\n;c@example.com\n").await;
        tab.sees("2 things need another look").await;
        eyes.look(tab, "import refused").await;

        upload("client_id;first_name\na;Ana\nb;Bo\n").await;
        tab.sees("Invite 2 people?").await;
        eyes.look(tab, "import checked").await;
        let path = tab.path().await;
        let id = path.rsplit('/').next().expect("an id");
        let state = &self.gateway.running.state;
        let ana = state.store.person_of_email("ana@example.com").await;
        let ana = ana.expect("a database").expect("she is signed in");
        let import = state.imports.of(id, ana.id, self.gateway.clock.now());
        let import = import.expect("her file");
        assert!(import.begins());
        tab.open(&path).await;
        // The page renews itself each second, which nobody has to look through.
        tab.run("window.stop()").await;
        tab.sees("2 people are being invited").await;
        eyes.look(tab, "import running").await;
        let why = "The file is not right any more: a time in it has passed.";
        import.end(Stage::Failed(why.to_owned()));
        self.see(eyes, &path, "import failed").await;

        upload("client_id;first_name\na;Ana\nb;Bo\n").await;
        tab.press("Invite 2 people").await;
        tab.sees("2 invitations were made").await;
        eyes.look(tab, "import done").await;
    }
}
