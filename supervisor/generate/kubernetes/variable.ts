import { render } from "../container/text.ts";
import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";

/** Writes a text in which Kubernetes fills in `$(VAR)`. Source: Kubernetes, Container.args and EnvVar.value. */
export function dollars(text: string): string {
  return render(
    text,
    (name) => `$(${name})`,
    (part) => part.replaceAll("$(", "$$$$("),
  );
}

/** The Secret in which the queue's address stands, and what in it: the url for the services, the rest for the scaler. */
export const QUEUE_SECRET = {
  name: "queue",
  url: "url",
  address: "address",
  username: "username",
  password: "password",
} as const;

/** The Secret of a unit: the variables that its files do not hold. */
export const environmentSecret = (name: string): string => `${name}-environment`;

/** Writes the environment. First what others may use: a variable is filled in only where it stands before. */
export function environment(workload: Workload): readonly YamlMap[] {
  const { name, bundled, environment: own, filling, unit } = workload;
  const isOwn = (each: string): boolean => own.some((variable) => variable.name === each);
  const secret = (variable: string): YamlMap => fromSecret(variable, environmentSecret(name), variable);
  const queue =
    bundled === null || isOwn("QUEUE_URL") ? [] : [fromSecret("QUEUE_URL", QUEUE_SECRET.name, QUEUE_SECRET.url)];
  const needed = [...filling.needed].filter((each) => !isOwn(each) && !(each === "QUEUE_URL" && queue.length > 0));
  return [
    ...queue,
    ...needed.map(secret),
    ...(unit.sockets.length > 0 || bundled ? [podName()] : []),
    ...own.map((variable) => ({ name: variable.name, value: dollars(variable.value) })),
  ];
}

function fromSecret(variable: string, name: string, key: string): YamlMap {
  return { name: variable, valueFrom: { secretKeyRef: { name, key } } };
}

/** What a service calls itself in its log and to its queue. */
function podName(): YamlMap {
  return { name: "SUPERVISOR_INSTANCE", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };
}
