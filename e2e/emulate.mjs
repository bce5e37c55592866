// Loaded before emulate's command line (`node --import`), to give its Slack two settings that 0.8.0 lacks:
//
// - It delivers events to whoever is registered, but nobody can be: SUBSCRIBE_URL is, for SUBSCRIBE_EVENTS.
// - It listens on every address of the machine; here on loopback only.
//
// Nothing that it answers is changed.

import { readFileSync, readdirSync } from "node:fs";
import { Server } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const listen = Server.prototype.listen;
Server.prototype.listen = function (port) {
  return listen.call(this, port, "127.0.0.1");
};

// The Slack is a bundle whose name changes with its text. The command line imports the same module later.
const folder = dirname(process.argv[1]);
const bundle = readdirSync(folder).find(
  (name) => /^dist-.*\.js$/.test(name) && readFileSync(join(folder, name), "utf8").includes("slackPlugin"),
);
if (!bundle) throw new Error(`emulate's Slack is not in ${folder}: is it another version?`);
const { slackPlugin } = await import(pathToFileURL(join(folder, bundle)));

const register = slackPlugin.register;
slackPlugin.register = (app, store, webhooks, ...rest) => {
  webhooks.register({
    url: process.env.SUBSCRIBE_URL,
    events: process.env.SUBSCRIBE_EVENTS.split(","),
    active: true,
    owner: "slack",
  });
  register(app, store, webhooks, ...rest);
};
