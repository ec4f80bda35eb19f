/**
 * The commands of the manual that are not run, by page, with the reason; one that ends in `…` stands for all that begin so.
 * Everything else is run as it stands.
 */
export const excused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "../README": {
    "npm ci && npm …": "installs and tests the project itself: .ci/run does",
  },
  "command-line": {
    "supervisor [FLAGS] …": "says what may stand where",
  },
  containers: {
    "docker …": "needs Docker; test/scenario/container.test.ts and test/generate run what an image runs",
    "supervisor start --exit-with migrate": "the same",
  },
  credentials: {
    "supervisor creds decrypt …": "writes into /etc, and needs systemd-creds",
  },
  "getting-started": {
    "npm …": "installs the project itself: .ci/run does",
    "curl …": "asks what `npm start` has started; README's own ask the same here",
    "supervisor init shop": "test/cli/init.test.ts starts what it makes",
    "cd shop": "the same",
    "supervisor start": "the same",
    "supervisor reload": "shown for a unit that listens; handover.md's is run",
  },
  import: {
    "supervisor …": "test/import imports files of each kind; the pages from-… import theirs",
    "pm2 …": "needs pm2",
  },
  install: {
    "sha256sum …": "needs a release; test/build makes one and looks at its sums",
    "install …": "writes into /usr/local; test/build/executable.test.ts runs the file where it lies",
    "ln …": "the same",
    "supervisor daemon-reexec": "the same",
    "npm …": "needs a release; test/build/package.test.ts installs one",
    "mkdir units": "the same",
    "cp …": "the same",
    "npx …": "the same",
    "supervisor completion …": "writes into /usr/local and /etc; test/cli/completion.test.ts asks the shells",
  },
  kubernetes: {
    "kubectl …": "needs a cluster; test/generate builds and checks what is applied",
  },
  modules: {
    "bun services/main.ts …": "runs until Ctrl-C; test/modules does it",
  },
  "queue-and-tasks": {
    "bun services/main.ts …": "runs until Ctrl-C; test/services does it",
    "deno run …": "the same",
    "echo …": "writes into /etc; test/services/webhook.test.ts makes such a secret",
  },
  releases: {
    "supervisor …": "a release has to prove itself for a minute; test/scenario/releases.test.ts does it in less",
  },
  systemd: {
    "supervisor generate …": "writes into /etc; test/cli/generate.test.ts does it elsewhere",
    "supervisor service install": "the same; test/cli/service.test.ts",
    "supervisor service install --sandbox": "the same",
    "systemctl …": "needs systemd as process 1",
  },
  tracing: {
    "OTEL_EXPORTER…": "runs until Ctrl-C; test/services/trace.test.ts does it",
  },
};

/** Whether a row of `excused` stands for a command. Shape: `standsFor("docker …", "docker run my-image")`. */
export function standsFor(row: string, command: string): boolean {
  return row.endsWith("…") ? command.startsWith(row.slice(0, -1)) : command === row;
}

/** Tells whether a command is run. */
export function isRun(page: string, command: string): boolean {
  return !Object.keys(excused[page] ?? {}).some((row) => standsFor(row, command));
}
