import 'uplot/dist/uPlot.min.css';
import './style.css';
import './dash/dash.css';
import { render } from 'preact';
import { PAGE_KEYS } from './pages';
import { App } from './shell';
import { startRouter } from './lib/router';
import { startKeys } from './lib/keys';
import { startLive } from './lib/live';

startRouter();
startKeys(PAGE_KEYS);
startLive();
const root = document.getElementById('app');
if (root) render(<App />, root);
