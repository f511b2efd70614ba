let underWay = 0;
let tell: (isLoading: boolean) => void = () => {};

/** Sets the callback for the beginning and the end of loading. */
export function watchLoading(told: (isLoading: boolean) => void): void {
  tell = told;
}

/** Runs what loads so much code that the thread may be unresponsive for a second. */
export async function loading<T>(work: () => Promise<T>): Promise<T> {
  tell(++underWay > 0);
  try {
    return await work();
  } finally {
    tell(--underWay > 0);
  }
}
