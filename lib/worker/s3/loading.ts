let underWay = 0;
let tell: (isLoading: boolean) => void = () => {};

/** Calls back when loading begins, and when it has ended. */
export function watchLoading(told: (isLoading: boolean) => void): void {
  tell = told;
}

/** Does what loads so much code that the thread may answer nobody for a second. */
export async function loading<T>(work: () => Promise<T>): Promise<T> {
  tell(++underWay > 0);
  try {
    return await work();
  } finally {
    tell(--underWay > 0);
  }
}
