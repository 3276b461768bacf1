/** The chart: what an event costs, one bar a contender, in the scenario that most will recognise. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { machineInWords } from './machine.js';
import { short } from './markdown.js';
import { nsPerEvent, type Results, type ScenarioResult } from './results.js';

// Seen on white and on black.
const ink = '#7d8590';
const own = '#d6409f';
const peer = '#4a87c9';
/** Of the plain loop, which does nothing but send. */
const limit = ink;

interface Bar {
  readonly name: string;
  readonly ns: number;
  /** The time, and what it does besides sending: less work is easily faster. */
  readonly label: string;
  readonly color: string;
}

function barsOf({ cases }: ScenarioResult): Bar[] {
  return cases.flatMap(({ name, does, runs }) => {
    const ns = nsPerEvent({ runs })?.median;
    const [mainly = ''] = does.split(/[;:]/);
    return ns === undefined ? [] : [{ name, ns, label: `${short(ns)} ns: ${mainly}`, color: colorOf(name) }];
  });
}

function colorOf(name: string): string {
  return name.startsWith('loadBalance') ? own : name === 'plain loop' ? limit : peer;
}

/** An SVG without a background. */
export async function chart({ machine, date }: Results, scenario: ScenarioResult): Promise<string> {
  const bars = barsOf(scenario);
  const times = bars.map(({ ns }) => ns);
  const spec: TopLevelSpec = {
    width: 400,
    height: { step: 22 },
    padding: 8,
    background: 'transparent',
    title: {
      text: 'Nanoseconds to send one event (logarithmic; less is better)',
      subtitle: [
        '4 connections, window 1, sends that return a resolved promise, bursts of 10,000 events',
        `${machineInWords(machine)}; ${date.slice(0, 10)}`,
      ],
    },
    data: { values: bars },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: { field: 'ns' }, axis: { title: null } },
      x: {
        field: 'ns',
        type: 'quantitative',
        // A bar on a logarithmic scale has no natural beginning: a power of ten.
        scale: { type: 'log', domain: [10, Math.max(...times)] },
        axis: null,
      },
    },
    layer: [
      {
        mark: { type: 'bar', cornerRadiusEnd: 2, height: 14 },
        encoding: {
          x2: { datum: 10 },
          color: { field: 'color', type: 'nominal', scale: null },
        },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5 },
        encoding: { text: { field: 'label' } },
      },
    ],
    config: {
      font: 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif',
      view: { stroke: null },
      title: {
        anchor: 'start',
        frame: 'bounds',
        color: ink,
        subtitleColor: ink,
        fontSize: 13,
        subtitleFontSize: 11,
        subtitlePadding: 4,
        offset: 12,
      },
      axisY: {
        labelColor: ink,
        labelFontSize: 12,
        labelLimit: 0,
        labelPadding: 6,
        domain: false,
        ticks: false,
      },
      text: { color: ink, fontSize: 12 },
    },
  };
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}
