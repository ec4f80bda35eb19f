import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { createLeisure, type Leisure } from "../../supervisor/host/leisure.ts";

const CALM_MS = 5_000;
const WORTH = 500;

let given: number;
let leisure: Leisure;

beforeEach(() => {
  jest.useFakeTimers();
  given = 0;
  leisure = createLeisure(() => {
    given++;
  });
});
afterEach(() => {
  leisure.close();
  jest.useRealTimers();
});

const work = (slices: number): void => {
  for (let i = 0; i < slices; i++) leisure.worked();
};

test("memory is given back once after the start, when nothing was done for a while", () => {
  work(10);
  jest.advanceTimersByTime(CALM_MS - 1);
  expect(given).toBe(0);
  jest.advanceTimersByTime(1);
  expect(given).toBe(1);
  jest.advanceTimersByTime(10 * CALM_MS);
  expect(given).toBe(1);
});

test("whoever still works is not disturbed", () => {
  for (let times = 0; times < 5; times++) {
    work(1);
    jest.advanceTimersByTime(CALM_MS - 1);
  }
  expect(given).toBe(0);
  jest.advanceTimersByTime(CALM_MS);
  expect(given).toBe(1);
});

test("a little work later leaves nothing worth collecting, much work does", () => {
  work(1);
  jest.advanceTimersByTime(CALM_MS);
  work(WORTH - 1);
  jest.advanceTimersByTime(10 * CALM_MS);
  expect(given).toBe(1);
  work(1);
  jest.advanceTimersByTime(CALM_MS);
  expect(given).toBe(2);
});

test("nothing is given back after the end", () => {
  work(1);
  leisure.close();
  work(WORTH);
  jest.advanceTimersByTime(10 * CALM_MS);
  expect(given).toBe(0);
});
