import type { Circuit } from "../queue/circuit.ts";
import { plain } from "./family.ts";
import type { Look } from "./metrics.ts";

const STATES = ["closed", "open", "half-open"] as const satisfies readonly Circuit[];

/** Looks at the circuit breaker before the queue's store. */
export function circuitLook(circuit: () => Circuit): Look {
  return async () => {
    const state = circuit();
    const samples = STATES.map((each) => plain("gauge", { state: each }, each === state ? 1 : 0));
    const help = "1 for the state of the circuit breaker before the store.";
    return [{ name: "queue_circuit", type: "gauge", help, samples }];
  };
}
