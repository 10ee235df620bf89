/** Colours of dashboards as plain colours of CSS: a text of a file is never anything but a colour. */

/** Used where a file names no colour that is known. */
export const NEUTRAL = '#8e8e99';

/** Six shades of a hue, from the lightest; on dark ground the first five are used, on light the last five. */
const HUES: Readonly<Record<string, readonly string[]>> = {
  red: ['#ffa6b0', '#ff7383', '#f2495c', '#e02f44', '#c4162a', '#ad0317'],
  orange: ['#ffcb7d', '#ffb357', '#ff9830', '#ff780a', '#fa6400', '#e55400'],
  yellow: ['#fff899', '#ffee52', '#fade2a', '#f2cc0c', '#e0b400', '#cc9d00'],
  green: ['#c8f2c2', '#96d98d', '#73bf69', '#56a64b', '#37872d', '#19730e'],
  blue: ['#c0d8ff', '#8ab8ff', '#5794f2', '#3274d9', '#1f60c4', '#1250b0'],
  purple: ['#deb6f2', '#ca95e5', '#b877d9', '#a352cc', '#8f3bb8', '#7c2ea3'],
};

const SHADES = ['super-light-', 'light-', '', 'semi-dark-', 'dark-'];

const NAMED: Readonly<Record<string, string>> = {
  white: '#ffffff',
  black: '#000000',
  gray: '#808080',
  grey: '#808080',
  silver: '#c0c0c0',
  lightgray: '#d3d3d3',
  lightgrey: '#d3d3d3',
  darkgray: '#a9a9a9',
  darkgrey: '#a9a9a9',
  brown: '#a52a2a',
  pink: '#ffc0cb',
  magenta: '#ff00ff',
  fuchsia: '#ff00ff',
  cyan: '#00ffff',
  aqua: '#00ffff',
  teal: '#008080',
  lime: '#00ff00',
  olive: '#808000',
  navy: '#000080',
  maroon: '#800000',
  gold: '#ffd700',
  violet: '#ee82ee',
  indigo: '#4b0082',
  crimson: '#dc143c',
  coral: '#ff7f50',
  salmon: '#fa8072',
  turquoise: '#40e0d0',
  lightblue: '#add8e6',
  lightgreen: '#90ee90',
  darkgreen: '#006400',
  darkred: '#8b0000',
  darkblue: '#00008b',
  darkorange: '#ff8c00',
  steelblue: '#4682b4',
  skyblue: '#87ceeb',
};

/** A colour of a file as one of CSS; a neutral one for anything that is none. */
export function colorOf(name: string, dark: boolean): string {
  const text = name.trim().toLowerCase();
  if (text.length > 60 || text === '') return NEUTRAL;
  if (/^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(text)) return text;
  if (text === 'transparent') return 'transparent';
  if (text === 'text') return dark ? '#d5d8dd' : '#24292e';
  if (text === 'panel-bg') return dark ? '#181b1f' : '#ffffff';
  const n = '\\s*-?\\d{1,3}(?:\\.\\d{1,10})?%?\\s*';
  if (
    new RegExp(
      `^(?:rgb|rgba|hsl|hsla)\\(${n}(?:,${n}){2}(?:,\\s*(?:\\d?\\.\\d{1,10}|\\d{1,3}(?:\\.\\d{1,10})?%?)\\s*)?\\)$`,
    ).test(text)
  )
    return text;
  const [, shade = '', hue = ''] = /^((?:[a-z]+-)*)([a-z]+)$/.exec(text) ?? [];
  const at = SHADES.indexOf(shade);
  if (at >= 0 && Object.hasOwn(HUES, hue)) return HUES[hue]?.[dark ? at : at + 1] ?? NEUTRAL;
  return Object.hasOwn(NAMED, text) ? (NAMED[text] as string) : NEUTRAL;
}

/** Colours of continuous modes, from the least value to the greatest. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  grylrd: ['green', 'yellow', 'red'],
  rdylgr: ['red', 'yellow', 'green'],
  blylrd: ['dark-blue', 'super-light-yellow', 'dark-red'],
  ylrd: ['super-light-yellow', 'dark-red'],
  blpu: ['dark-blue', 'dark-purple'],
  ylbl: ['super-light-yellow', 'dark-blue'],
  blues: ['panel-bg', 'dark-blue'],
  reds: ['panel-bg', 'dark-red'],
  greens: ['panel-bg', 'dark-green'],
  purples: ['panel-bg', 'dark-purple'],
  viridis: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'],
  magma: ['#000004', '#51127c', '#b73779', '#fc8961', '#fcfdbf'],
  plasma: ['#0d0887', '#7e03a8', '#cc4778', '#f89540', '#f0f921'],
  inferno: ['#000004', '#57106e', '#bc3754', '#f98e09', '#fcffa4'],
  cividis: ['#00224e', '#434e6c', '#7d7c78', '#bcae6c', '#fee838'],
};

/** Colour at a place, from 0 to 1, of a scheme such as `GrYlRd`. */
export function schemeColor(scheme: string, at: number, dark: boolean): string {
  const name = scheme.toLowerCase();
  const stops = Object.hasOwn(SCHEMES, name) ? (SCHEMES[name] as readonly string[]) : ['green', 'yellow', 'red'];
  return between(
    stops.map((s) => colorOf(s, dark)),
    at,
  );
}

/** Mixes colours of six digits. */
function between(colors: readonly string[], at: number): string {
  const place = Math.min(1, Math.max(0, Number.isNaN(at) ? 0 : at)) * (colors.length - 1);
  const i = Math.min(colors.length - 2, Math.floor(place));
  const [a, b] = [colors[i] as string, colors[i + 1] as string];
  const part = (c: string, k: number) => parseInt(c.slice(1 + 2 * k, 3 + 2 * k), 16);
  return `#${[0, 1, 2]
    .map((k) => Math.round(part(a, k) + (part(b, k) - part(a, k)) * (place - i)))
    .map((n) => n.toString(16).padStart(2, '0'))
    .join('')}`;
}
