import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { App } from './shell';
import { startRouter } from './lib/router';
import { startKeys } from './lib/keys';

startRouter();
startKeys();
const root = document.getElementById('app');
if (root) render(<App />, root);
