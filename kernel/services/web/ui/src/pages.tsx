/**
 * The table of pages: address, title, view, tab, name in the search, key. The rail, the tabs, the search, the keyboard
 * and the server's list of addresses are made from it.
 */
import type { ComponentType } from 'preact';
import type { IconName } from './ui';
import { AlertsPage } from './pages/alerts';
import { GroupsPage } from './pages/groups';
import { LoginPage } from './pages/login';
import { PluginsPage } from './pages/plugins';
import { PushesPage } from './pages/pushes';
import { QueriesPage } from './pages/queries';
import { RulesPage } from './pages/rules';
import { SilencesPage } from './pages/silences';
import { AlertmanagersPage, ConfigPage, FlagsPage, StatusPage, TsdbPage } from './pages/system';
import { DiscoveryPage, TargetsPage } from './pages/targets';

/** An entry of the rail; it leads to the page of the same address. */
export interface Section {
  readonly to: string;
  readonly word: string;
  readonly icon: IconName;
}

export const SECTIONS: readonly Section[] = [
  { to: 'home', word: 'Home', icon: 'home' },
  { to: 'query', word: 'Explore', icon: 'explore' },
  { to: 'dashboards', word: 'Dashboards', icon: 'dashboards' },
  { to: 'alerts', word: 'Alerts', icon: 'alerts' },
  { to: 'rules', word: 'Rules', icon: 'rules' },
  { to: 'targets', word: 'Targets', icon: 'targets' },
  { to: 'status', word: 'System', icon: 'system' },
  { to: 'plugins', word: 'Plugins', icon: 'plugins' },
];

/** A page that is loaded when it is first shown. */
export interface Chunk {
  readonly id: string;
  readonly load: () => Promise<ComponentType>;
}

const QUERY: Chunk = { id: 'query', load: () => import('./query/QueryPage').then((m) => m.QueryPage) };
const HOME: Chunk = { id: 'home', load: () => import('./home/HomePage').then((m) => m.HomePage) };
const BOARDS: Chunk = { id: 'boards', load: () => import('./dash/ListPage').then((m) => m.ListPage) };
const BOARD: Chunk = { id: 'board', load: () => import('./dash/BoardPage').then((m) => m.BoardPage) };

export interface Page {
  /** Address below the base; the build reads these. */
  readonly path: string;
  readonly title: string;
  /** Pages with large libraries are chunks of their own. */
  readonly view: ComponentType | Chunk;
  /** Whether addresses below it belong to it, such as `d/uid/title`. */
  readonly below?: boolean;
  /** Address of the section; empty: in none. */
  readonly section: string;
  /** Word of its tab, in a section that has several. */
  readonly tab?: string;
  /** Its name in the search, which lists only pages with one. */
  readonly find?: string;
  /** Key after `g`, and its name in the help. */
  readonly key?: readonly [string, string];
}

export const PAGES: readonly Page[] = [
  {
    path: 'home',
    title: 'Home',
    view: HOME,
    section: 'home',
    find: 'Home: what this server sees now',
    key: ['h', 'Home'],
  },
  {
    path: 'dashboards',
    title: 'Dashboards',
    view: BOARDS,
    section: 'dashboards',
    find: 'Dashboards',
    key: ['b', 'Dashboards'],
  },
  {
    path: 'd',
    title: 'Dashboard',
    view: BOARD,
    below: true,
    section: 'dashboards',
  },
  {
    path: 'query',
    title: 'Explore',
    view: QUERY,
    section: 'query',
    find: 'Explore: query and graph',
    key: ['e', 'Explore'],
  },
  {
    path: 'graph',
    title: 'Explore',
    view: QUERY,
    section: 'query',
  },
  {
    path: 'classic',
    title: 'Home',
    view: HOME,
    below: true,
    section: 'home',
  },
  {
    path: 'new',
    title: 'Home',
    view: HOME,
    below: true,
    section: 'home',
  },
  {
    path: 'agent',
    title: 'Status',
    view: StatusPage,
    section: 'status',
  },
  {
    path: 'consoles',
    title: 'Dashboards',
    view: BOARDS,
    below: true,
    section: 'dashboards',
  },
  {
    path: 'alerts',
    title: 'Alerts',
    view: AlertsPage,
    section: 'alerts',
    tab: 'Alerts',
    find: 'Alerts',
    key: ['a', 'Alerts'],
  },
  {
    path: 'groups',
    title: 'Alert groups',
    view: GroupsPage,
    section: 'alerts',
    tab: 'Groups',
    find: 'Alert groups: who is notified',
  },
  {
    path: 'silences',
    title: 'Silences',
    view: SilencesPage,
    section: 'alerts',
    tab: 'Silences',
    find: 'Silences',
  },
  {
    path: 'rules',
    title: 'Rules',
    view: RulesPage,
    section: 'rules',
    find: 'Rules',
    key: ['r', 'Rules'],
  },
  {
    path: 'targets',
    title: 'Targets',
    view: TargetsPage,
    section: 'targets',
    tab: 'Targets',
    find: 'Targets',
    key: ['t', 'Targets'],
  },
  {
    path: 'service-discovery',
    title: 'Service discovery',
    view: DiscoveryPage,
    section: 'targets',
    tab: 'Discovery',
    find: 'Service discovery',
    key: ['d', 'Service discovery'],
  },
  {
    path: 'pushes',
    title: 'Pushes',
    view: PushesPage,
    section: 'targets',
    tab: 'Pushes',
    find: 'Pushes: what jobs have left',
  },
  {
    path: 'status',
    title: 'Status',
    view: StatusPage,
    section: 'status',
    tab: 'Status',
    find: 'Status: runtime and build',
    key: ['s', 'System'],
  },
  {
    path: 'tsdb-status',
    title: 'Storage',
    view: TsdbPage,
    section: 'status',
    tab: 'Storage',
    find: 'Storage: head, cardinality, blocks',
  },
  {
    path: 'queries',
    title: 'Queries',
    view: QueriesPage,
    section: 'status',
    tab: 'Queries',
    find: 'Queries: running and slow',
  },
  {
    path: 'config',
    title: 'Configuration',
    view: ConfigPage,
    section: 'status',
    tab: 'Configuration',
    find: 'Configuration',
  },
  {
    path: 'flags',
    title: 'Flags',
    view: FlagsPage,
    section: 'status',
    tab: 'Flags',
    find: 'Flags',
  },
  {
    path: 'alertmanager-discovery',
    title: 'Alertmanagers',
    view: AlertmanagersPage,
    section: 'status',
    tab: 'Alertmanagers',
    find: 'Alertmanagers',
  },
  {
    path: 'plugins',
    title: 'Plugins',
    view: PluginsPage,
    section: 'plugins',
    find: 'Plugins',
    key: ['p', 'Plugins'],
  },
  {
    path: 'login',
    title: 'Log in',
    view: LoginPage,
    section: '',
  },
];

/** Addresses by key. */
export const PAGE_KEYS: ReadonlyMap<string, string> = new Map(
  PAGES.flatMap((p): [string, string][] => (p.key ? [[p.key[0], p.path]] : [])),
);

/** The page at an address; the root is Home. */
export function pageAt(path: string): Page | undefined {
  if (path === '') return PAGES.find((p) => p.path === 'home');
  return PAGES.find((p) => p.path === path || (p.below === true && path.startsWith(`${p.path}/`)));
}
