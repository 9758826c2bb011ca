// lib/cameraaddress.js: what is typed becomes an address that can be read in one way only.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cameraAddress } from '../../static/js/lib/cameraaddress.js';

/** @type {[string, [string, string, string], string][]} */
const CASES = [
  ['alone it stays as it is', [' rtsp://camera/live ', '', ''], 'rtsp://camera/live'],
  ['without a scheme it is RTSP', ['192.168.1.9:8554/live', '', ''], 'rtsp://192.168.1.9:8554/live'],
  ['nothing stays nothing', ['', 'admin', 'x'], ''],
  ['any character can be in a password', ['rtsp://camera/live', 'ad@min', 'p@ss:w#rd/% ü?'],
    'rtsp://ad%40min:p%40ss%3Aw%23rd%2F%25%20%C3%BC%3F@camera/live'],
  ['what was typed counts', ['http://old:word@camera:81/a?b=c@d', 'new', 'one'], 'http://new:one@camera:81/a?b=c@d'],
  ['a host of IPv6', ['rtsp://[::1]/live', 'a', 'b'], 'rtsp://a:b@[::1]/live'],
];

for (const [name, given, expected] of CASES) {
  test(name, () => assert.equal(cameraAddress(...given), expected));
}
