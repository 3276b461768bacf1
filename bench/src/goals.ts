/** What the package is to reach, and whether it has. */
import { short } from './markdown.js';
import { errorsOf, figuresOf, nsPerEvent, type CaseResult, type Results } from './results.js';

export interface Goal {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  /** `undefined` where not everything that it needs was measured. */
  readonly reached: boolean | undefined;
}

/** A value that a goal is about; several, when it must hold in several places. */
interface Value {
  readonly label: string;
  readonly value: number | undefined;
}

type Bound = { readonly atMost: number } | { readonly atLeast: number };

/** The ready-made connections, the bare clients, and the scenarios in which both are. */
const ready = [
  ['tcpConnection', 'bare socket', ['tcp, window 64', 'tcp, batches of 500', 'tcp, unacknowledged']],
  ['webSocketConnection', 'bare ws', ['websocket, window 256', 'websocket, batches of 100']],
  [
    'redisConnection',
    'bare redis',
    ['redis list, window 256', 'redis list, batches of 500', 'redis stream, batches of 500'],
  ],
  [
    'natsConnection',
    'bare nats',
    ['nats request, window 256', 'nats jetStream, window 256', 'nats jetStream, batches of 100'],
  ],
] as const;

/** All goals of which anything was measured. */
export function goalsOf(results: Results): Goal[] {
  return allGoals(results).filter(({ measured }) => measured !== '');
}

function allGoals(results: Results): Goal[] {
  const caseOf = (scenario: string, name: string) =>
    results.scenarios.find((each) => each.name === scenario)?.cases.find((each) => each.name === name);

  /** Nanoseconds an event; no number when a run has failed, which no goal survives. */
  const ns = (scenario: string, name: string) => {
    const found = caseOf(scenario, name);
    return found === undefined ? undefined : (unsound(found) ?? nsPerEvent(found)?.median);
  };
  const figure = (scenario: string, name: string, what: string, of: 'median' | 'max' = 'median') => {
    const found = caseOf(scenario, name);
    return found === undefined ? undefined : (unsound(found) ?? figuresOf(found).get(what)?.[of]);
  };
  const ratio = (label: string, above: number | undefined, below: number | undefined): Value => ({
    label,
    value: above === undefined || below === undefined ? undefined : above / below,
  });

  const own = 'loadBalance';
  const sizes = ['4x1', '16x1', '4x8', '16x8'];
  const eachSize = (of: (scenario: string, label: string) => Value) =>
    sizes.map((size) => of(`promise ${size}`, size));
  const limits = ['500 ms', '2,000 ms'];
  const eachLimit = (what: string): Value[] =>
    limits.map((label) => ({ label, value: figure('timeouts', label, what, 'max') }));

  return [
    goal(
      'promise sends: × the plain loop',
      { atMost: 2.5 },
      eachSize((scenario, label) => ratio(label, ns(scenario, own), ns(scenario, 'plain loop'))),
    ),
    goal(
      'promise sends: × `mergeMap`',
      { atMost: 0.3 },
      eachSize((scenario, label) => ratio(label, ns(scenario, own), ns(scenario, 'mergeMap'))),
    ),
    goal(
      'promise sends: times faster than `mergeMap` + `timeout` + `retry`',
      { atLeast: 20 },
      eachSize((scenario, label) =>
        ratio(label, ns(scenario, 'mergeMap + timeout + retry'), ns(scenario, own)),
      ),
    ),
    goal('`of(x)` sends: × `mergeMap`', { atMost: 0.75 }, [
      ratio('', ns('of(x) 4x1', own), ns('of(x) 4x1', 'mergeMap')),
    ]),
    goal(
      'callback client through `asyncConnection`: × fastq',
      { atMost: 1.5 },
      ['4x1', '4x8'].map((size) =>
        ratio(
          size,
          ns(`callback ${size}`, 'loadBalance with asyncConnection'),
          ns(`callback ${size}`, 'fastq'),
        ),
      ),
    ),
    goal('1 % failing sends: × without failures', { atMost: 1.3 }, [
      ratio('', ns('failing 1 %', own), ns('failing 0 %', own)),
    ]),
    goal('10 % failing sends: × without failures', { atMost: 3 }, [
      ratio('', ns('failing 10 %', own), ns('failing 0 %', own)),
    ]),
    goal('one burst of 1,000,000: × a burst of 10,000', { atMost: 1.5 }, [
      ratio('', ns('burst 1,000,000', own), ns('burst 10,000', own)),
    ]),
    goal('10,000 connections: × 16', { atMost: 2 }, [
      ratio('', ns('connections', '10,000'), ns('connections', '16')),
    ]),
    goal('256 connections of which 255 are down: × the one alone', { atMost: 1.2 }, [
      ratio('', ns('connections', '255 of 256 down'), ns('connections', '1 alone')),
    ]),
    goal('batches of 100: ns per event', { atMost: 15 }, [{ label: '', value: ns('batches of 100', own) }]),
    goal('`LoadBalancer.publish`: × p-limit', { atMost: 0.5 }, [
      ratio('', ns('publish 4x1', 'LoadBalancer.publish'), ns('publish 4x1', 'p-limit')),
    ]),
    goal('`loadBalanceFrom` over an array: × `loadBalance`', { atMost: 1.2 }, [
      ratio('', ns('iterable 4x1', 'loadBalanceFrom'), ns('iterable 4x1', own)),
    ]),
    goal('`loadBalanceFrom` over an async generator: × a bare `for await`', { atMost: 2 }, [
      ratio(
        'nothing sent',
        ns('async iterable 4x1', 'loadBalanceFrom'),
        ns('async iterable 4x1', 'for await, nothing sent'),
      ),
      ratio(
        'one send at a time',
        ns('async iterable 4x1', 'loadBalanceFrom'),
        ns('async iterable 4x1', 'for await, one send at a time'),
      ),
    ]),
    goal('1 ms latency, 16 connections: % of the throughput of the plain loop', { atLeast: 97 }, [
      percent(ratio('', ns('latency 1 ms, 16x1', 'plain loop'), ns('latency 1 ms, 16x1', own))),
    ]),
    ...ready.map(([connection, bare, names]) =>
      goal(
        `\`${connection}\`: % of the rate of the bare client`,
        { atLeast: 90 },
        names.map((scenario) =>
          percent(ratio(scenario, ns(scenario, bare), ns(scenario, `loadBalance with ${connection}`))),
        ),
      ),
    ),
    goal('100,000 sends that time out: early', { atMost: 0 }, eachLimit('outcomes that came early')),
    goal(
      '100,000 sends that time out: latest, ms late',
      { atMost: 100 },
      eachLimit('latest outcome, ms late'),
    ),
    goal('100,000 sends in flight: timers alive', { atMost: 1 }, eachLimit('timers alive, all in flight')),
    goal('a queued event: bytes beyond the event', { atMost: 16 }, [
      { label: '', value: figure('memory', 'a queued event', 'bytes') },
    ]),
    goal('heap after 10,000,000 events: × after 1,000,000', { atMost: 1.1 }, [
      ratio(
        '',
        figure('memory', '10,000,000 events', 'heap after 10,000,000, MB'),
        figure('memory', '10,000,000 events', 'heap after 1,000,000, MB'),
      ),
    ]),
    goal('1,000 times subscribed and unsubscribed: bytes more, a round', { atMost: 100 }, [
      { label: '', value: figure('memory', '1,000 subscriptions', 'bytes more, a round') },
    ]),
    goal('`import { loadBalance }`, minified, gzipped, rxjs external: bytes', { atMost: 5_000 }, [
      { label: '', value: figure('size', 'import { loadBalance }', 'bytes, gzipped') },
    ]),
  ];
}

const unsound = (found: CaseResult): number | undefined => (errorsOf(found).length > 0 ? NaN : undefined);

function goal(what: string, bound: Bound, values: readonly Value[]): Goal {
  const known = values.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const holds = (value: number) => ('atMost' in bound ? value <= bound.atMost : value >= bound.atLeast);
  return {
    what,
    limit: 'atMost' in bound ? `≤ ${short(bound.atMost)}` : `≥ ${short(bound.atLeast)}`,
    measured: values
      .flatMap(({ label, value }) =>
        value === undefined
          ? []
          : [`${Number.isNaN(value) ? 'failed' : short(value)} ${parenthesized(label)}`.trim()],
      )
      .join(', '),
    reached: known.length === values.length ? known.every(holds) : undefined,
  };
}

const parenthesized = (label: string): string => (label === '' ? '' : `(${label})`);

const percent = ({ label, value }: Value): Value => ({
  label,
  value: value === undefined ? undefined : value * 100,
});
