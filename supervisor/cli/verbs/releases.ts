import { noBlock, type Verb } from "../verb.ts";

/** What runs everything from a snapshot, and takes that back. In the order of the help. */
export const releaseVerbs: readonly Verb[] = [
  {
    name: "deploy",
    least: 0,
    most: 1,
    operands: "[DIR|ARCHIVE]",
    flags: [
      { name: "id", value: "ID", summary: "what to call the release (default: by time and content)" },
      { name: "insist", summary: "though content like this was taken back before" },
      noBlock,
    ],
    summary: "run everything from a snapshot of DIR (default: here); what does badly is taken back by itself",
    load: () => import("../deploy.ts"),
  },
  {
    name: "releases",
    least: 0,
    most: 0,
    operands: "",
    flags: [],
    summary: "what was deployed, and what became of it",
    load: () => import("../releases.ts"),
  },
  {
    name: "rollback",
    least: 0,
    most: 1,
    operands: "[RELEASE]",
    flags: [noBlock],
    summary: "hand everything back to a release (default: to the last good one)",
    load: () => import("../rollback.ts"),
  },
];
