import { Hono } from "hono";
import { eventStream, type ServerEvent } from "../kit/event-stream.ts";
import type { Life } from "../kit/life.ts";
import { ENDED_STATES, type Queue, type Task, type TaskState } from "../queue/queue.ts";
import { problem, problemForNow } from "./problem.ts";
import { createTaskWatch, type TaskWatch, textOf } from "./task-watch.ts";

export type TaskEventsOptions = Readonly<{
  queue: Pick<Queue, "get">;
  life: Life;
  /** How many streams may be open at a time. */
  maxStreams: () => number;
  /** Told of what the queue threw at a look, once until it answers again. */
  report: (error: Error) => void;
}>;

/** A guess: how long until a stream has ended. */
const RETRY_AFTER_S = 5;

/**
 * `/tasks/:id/events`: the task as it is, then as it is after each change, until it has ended.
 * Why Last-Event-ID decides so little: every event is the whole task, so whoever comes back, to this process or to the next, begins with what holds
 * now. Only the last event has an id, and who comes back with that is told that there is no more; an EventSource would ask for ever otherwise.
 */
export function taskEvents({
  queue,
  life,
  maxStreams,
  report,
}: TaskEventsOptions): Readonly<{ app: Hono; watch: TaskWatch }> {
  const watch = createTaskWatch({ queue, report });
  const app = new Hono();
  app.get("/tasks/:id/events", async (c) => {
    const task = await queue.get(c.req.param("id"));
    if (!task) return problem(c, "task-unknown", "There is no task of this id.");
    if (hasEnded(task) && c.req.header("last-event-id") === endId(task)) return c.body(null, 204);
    const most = maxStreams();
    if (watch.watchers >= most) {
      return problemForNow(c, "too-many-streams", `There are ${most} event streams already.`, RETRY_AFTER_S);
    }
    const stream = eventStream(
      (events) => {
        events.send(eventOf(task, textOf(task)));
        if (hasEnded(task)) return events.end();
        const told = (now: Task | null, text: string): void => {
          if (now) events.send(eventOf(now, text));
          if (!now || hasEnded(now)) events.end();
        };
        watch.watch(task, told, events.ended);
      },
      { life },
    );
    // With what the middleware has put into the context.
    return c.newResponse(stream.body, stream);
  });
  return { app, watch };
}

const hasEnded = ({ state }: Task): boolean => (ENDED_STATES as readonly TaskState[]).includes(state);

/** Names an end: a task that is queued anew ends another time. */
const endId = ({ state, finished_at }: Task): string => `${state}-${finished_at}`;

function eventOf(task: Task, data: string): ServerEvent {
  return { event: "task", data, ...(hasEnded(task) && { id: endId(task) }) };
}
