/** Replaces the package lru-cache with the part of it that codemirror-promql uses. */
export class LRUCache<K, V> {
  private readonly entries = new Map<K, { value: V; expires: number }>();
  private readonly ttl: number;

  constructor(options: { ttl?: number; max?: number } = {}) {
    this.ttl = options.ttl ?? Infinity;
  }

  get(key: K): V | undefined {
    const e = this.entries.get(key);
    if (e === undefined) return undefined;
    if (e.expires < Date.now()) {
      this.entries.delete(key);
      return undefined;
    }
    return e.value;
  }

  set(key: K, value: V): this {
    this.entries.set(key, { value, expires: Date.now() + this.ttl });
    return this;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  delete(key: K): boolean {
    return this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
