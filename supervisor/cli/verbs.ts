import type { Verb } from "./verb.ts";
import { fileVerbs } from "./verbs/files.ts";
import { orders } from "./verbs/orders.ts";
import { otherVerbs } from "./verbs/others.ts";
import { questions } from "./verbs/questions.ts";
import { releaseVerbs } from "./verbs/releases.ts";

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [...orders, ...questions, ...fileVerbs, ...releaseVerbs, ...otherVerbs];

/** Those that people are told of. */
export const shownVerbs: readonly Verb[] = verbs.filter(({ isHidden }) => isHidden !== true);
