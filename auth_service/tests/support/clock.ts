/** A clock that stands still until it is moved. */
export interface TestClock {
  now(): Date;
  set(date: Date): void;
  advance(seconds: number): void;
}

export const TEST_EPOCH = new Date('2030-01-15T12:00:00.000Z');

export function createTestClock(start: Date = TEST_EPOCH): TestClock {
  let current = start.getTime();
  return {
    now: () => new Date(current),
    set: (date) => {
      current = date.getTime();
    },
    advance: (seconds) => {
      current += seconds * 1000;
    },
  };
}
