// How long copies took, from the client's answer to the peer's, as Prometheus counts it. One for each copier process.
import { Histogram, Registry } from 'prom-client';

export const COPY_LAG = {
  name: 'autosync_copy_lag_seconds',
  help: "From the client's answer to the peer's, of every copy that arrived: deletions (DELETE) and metadata (POST) too.",
  labelNames: ['peer', 'method'],
} as const;

const BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

export class LagHistogram {
  readonly #registry = new Registry();
  readonly #histogram = new Histogram({ ...COPY_LAG, buckets: BUCKETS, registers: [this.#registry] });

  observe(peer: string, method: string, seconds: number): void {
    this.#histogram.observe({ peer, method }, seconds);
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
