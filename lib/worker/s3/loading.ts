let underWay = 0;
let tell: (isLoading: boolean) => void = () => {};

/** Sets the callback that is called when loading begins and ends. */
export function watchLoading(told: (isLoading: boolean) => void): void {
  tell = told;
}

/** Runs work that loads so much code that the thread may be unresponsive for a second. */
export async function loading<T>(work: () => Promise<T>): Promise<T> {
  tell(++underWay > 0);
  try {
    return await work();
  } finally {
    tell(--underWay > 0);
  }
}
