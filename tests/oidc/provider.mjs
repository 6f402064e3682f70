// An OpenID Connect provider for the tests: `oidc-provider` of npm, as it is, with people that the test tells of.
//
// It writes its port, then reads lines of JSON, each answered by a line: {"redirect": URL} starts it, {"people": {ID:
// claims}} says whom it knows. ENTRYPASS_TEST_OIDC_PROVIDER names the folder it is installed in, NOW the time in
// milliseconds at which its clock stands when it begins.

import { createServer } from "node:http";
import { createInterface } from "node:readline";

// The gateway under test has a clock of its own, and tokens carry times.
const RealDate = Date;
const ahead = Number(process.env.NOW) - RealDate.now();
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length) super(...parts);
    else super(RealDate.now() + ahead);
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

// What is answered to the test stands alone.
const say = console.log;
for (const way of ["log", "info", "warn"]) console[way] = console.error;

const folder = process.env.ENTRYPASS_TEST_OIDC_PROVIDER;
const { default: Provider } = await import(`${folder}/node_modules/oidc-provider/lib/index.js`);

let people = {};
let serve = (_, answer) => answer.writeHead(503).end();
const server = createServer((request, answer) => serve(request, answer));
// The gateway keeps its connections: none is to end just when it is used.
server.keepAliveTimeout = 0;
await new Promise((ready) => { server.listen(0, "127.0.0.1", ready); });
const { port } = server.address();

function start(redirect) {
  const scopes = ["openid", "email", "profile", "groups"];
  const claims = { openid: ["sub"], email: ["email"], profile: ["name"], groups: ["groups"] };
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    claims,
    scopes,
    clients: [{
      client_id: "entrypass",
      client_secret: "PROVIDER-SECRET-MARKER",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    }],
    cookies: { keys: ["test"] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    // Nobody is asked whether the gateway may know: whoever runs it decided that.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(scopes.join(" "));
      await grant.save();
      return grant;
    },
  });
  serve = provider.callback();
}

say(port);
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.redirect) start(told.redirect);
  if (told.people) people = told.people;
  say("done");
}
process.exit();
