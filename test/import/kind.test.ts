import { expect, test } from "bun:test";
import { type Kind, kindOf } from "../../supervisor/import/kind.ts";

test.each<[string, string, Kind | null]>([
  ["a/Procfile", "", "procfile"],
  ["Procfile.dev", "", "procfile"],
  ["docker-compose.prod.yml", "", "compose"],
  ["compose.yaml", "", "compose"],
  ["ecosystem.config.js", "", "pm2"],
  ["ecosystem.json", "", "pm2"],
  ["pm2.yaml", "", "pm2"],
  ["server.cjs", "", "pm2"],
  ["pup.jsonc", "", "pup"],
  ["supervisord.conf", "", "supervisord"],
  ["conf.d/queue.conf", "[program:x]\ncommand=a\n", "supervisord"],
  ["web.service", "", "systemd"],
  ["web.socket", "", "systemd"],
  ["override.conf", "[Service]\nUser=a\n", "systemd"],
  ["stack.yml", "version: '3'\nservices:\n  a: {}\n", "compose"],
  ["apps.yml", "apps:\n  - script: a\n", "pm2"],
  ["processes.json", '{ "apps": [] }', "pm2"],
  ["processes.json", '{ "processes": [] }', "pup"],
  ["services", "web: run it\n", "procfile"],
  ["package.json", '{ "name": "a" }', null],
  ["notes.txt", "nothing\n", null],
])("%s with %j is %s", (file, text, kind) => {
  expect(kindOf({ file, text })).toBe(kind);
});
