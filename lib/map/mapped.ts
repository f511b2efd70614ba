/** What an iterator gives, each made into something else when it is asked for. */
export function* mapped<T, R>(given: Iterable<T>, make: (one: T) => R): Generator<R, void, undefined> {
  for (const one of given) yield make(one);
}
