/** Waiting with a deadline. */

const PATIENCE = 20_000;

export async function within<T>(promise: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Items that arrive one by one, read in order. */
export class Inbox<T> {
  readonly all: T[] = [];
  #read = 0;
  #wake: () => void = () => {};

  put(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  async next(what = 'the next one'): Promise<T> {
    if (this.#read === this.all.length) await within(new Promise<void>((resolve) => (this.#wake = resolve)), what);
    return this.all[this.#read++] as T;
  }

  /** The next item that fits; those before it are skipped. */
  async find(fits: (item: T) => boolean, what = 'one that fits'): Promise<T> {
    for (;;) {
      const item = await this.next(what);
      if (fits(item)) return item;
    }
  }

  /** The items that have arrived and were not read. */
  get unread(): T[] {
    return this.all.slice(this.#read);
  }
}
