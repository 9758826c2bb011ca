// The worker in which lib/viewer.js lives: pictures are received, decoded and drawn beside the page.

import { createViewer } from './viewer.js';

const order = createViewer((message) => self.postMessage(message));
self.onmessage = ({ data }) => order(data);
self.postMessage({ type: 'ready' });
