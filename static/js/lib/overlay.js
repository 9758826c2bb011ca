// @ts-nocheck
// Draws what was found in one camera's picture, on a canvas of its own above it, sharp on every screen.

import { faceWords, personHue } from './people.js';

const HUES = 12;
const CROWD = 24;
const NARROWEST_FOR_WORDS = 20;
const WORDS_HEIGHT = 17;
const MOST_WIDTHS = 2000;
// What is followed is moved on to the time of the picture, but not for long: it may stop or turn (docs/models.md).
const MOST_AHEAD_S = 0.8;
const LEAST_MOVE_PX = 1;
// The camera's name lies over the upper edge of the picture.
const NAME_HEIGHT = 38;

/** Colours live in vars.css; a canvas has to be told them. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    hues: Array.from({ length: HUES }, (_, index) => colour(`--hue-${index + 1}`)),
    outline: colour('--overlay-outline'),
    tag: colour('--overlay-tag'),
    words: colour('--on-picture'),
    font: `600 12px ${colour('--font')}`,
  };
}

/** Measuring text is dear, and the same words come again and again. */
const widths = new Map();

/** The same thing keeps its hue: a known person everywhere; else by its track; an object else by its label; faces without a track share one. */
const hueOf = (item) => (item.person ? personHue(item.person.id) : (item.track_id ?? item.label_id ?? 0) % HUES);

const percent = (score) => `${Math.round(score * 100)}%`;

/**
 * Radius of a landmark in CSS pixels: a face of 40 must not be covered, one of 400 shows dots.
 * @param {number} width of the face
 */
const pointRadius = (width) => Math.min(2, Math.max(0.5, width / 75));

/** @param {HTMLCanvasElement} canvas */
export function createOverlay(canvas) {
  const context = canvas.getContext('2d');
  const colours = palette();
  let size = { width: 0, height: 0 };
  /** @type {import('./types.js').NewResult|null} */
  let result = null;
  let ahead_s = 0;
  let fastest = 0;

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(size.width * ratio);
    const height = Math.round(size.height * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!result || width === 0) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const items = placed(ratio);
    drawBoxes(items, items.length > CROWD ? 1 : 2);
    items.forEach((item) => drawPoints(item));
    drawAllWords(items);
  }

  /** What was found, in CSS pixels, edges on whole pixels of the screen; faces lie above objects. */
  function placed(ratio) {
    const scale = size.width / result.width;
    const snap = (value) => Math.round(value * scale * ratio) / ratio;
    const place = (item, words) => {
      const [right, down] = (item.velocity ?? [0, 0]).map((speed) => speed * ahead_s);
      const [x1, y1, x2, y2] = item.box;
      return {
        box: [x1 + right, y1 + down, x2 + right, y2 + down].map(snap),
        hue: colours.hues[hueOf(item)],
        words,
        points: item.landmarks?.map(([x, y]) => [(x + right) * scale, (y + down) * scale]) ?? [],
      };
    };
    return [
      ...(result.objects ?? []).map((object) => place(object, `${object.label} ${percent(object.score)}`)),
      ...(result.faces ?? []).map((face) => place(face, faceWords(face) ?? percent(face.score))),
    ];
  }

  /** All dark outlines in one stroke, then a stroke per hue: a crowd costs as few calls as one box. */
  function drawBoxes(items, line) {
    context.lineJoin = 'round';
    strokeAll(items, colours.outline, line + 2, line);
    for (const hue of new Set(items.map((item) => item.hue))) {
      strokeAll(items.filter((item) => item.hue === hue), hue, line, line);
    }
  }

  function strokeAll(items, colour, width, line) {
    const half = (line % 2) / 2;
    context.beginPath();
    for (const { box: [x1, y1, x2, y2] } of items) context.rect(x1 + half, y1 + half, x2 - x1, y2 - y1);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  function drawPoints({ box, hue, points }) {
    if (points.length === 0) return;
    const radius = pointRadius(box[2] - box[0]);
    if (radius >= 1) fillPoints(points, radius + 0.75, colours.outline);
    fillPoints(points, radius, hue);
  }

  function fillPoints(points, radius, colour) {
    context.beginPath();
    for (const [x, y] of points) {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fillStyle = colour;
    context.fill();
  }

  /** The best scores are named first; words that would lie on others are left out. */
  function drawAllWords(items) {
    context.font = colours.font;
    const taken = [];
    for (const { box: [x1, y1, x2, y2], words } of items) {
      if (!words || x2 - x1 < NARROWEST_FOR_WORDS) continue;
      const width = widthOf(words) + 8;
      const left = Math.max(0, Math.min(x1 - 1, size.width - width));
      const top = tops(y1, y2).find((y) => !taken.some((other) => overlap(other, { left, top: y, width })));
      if (top === undefined) continue;
      taken.push({ left, top, width });
      drawWords(words, left, top, width);
    }
  }

  function widthOf(words) {
    if (widths.size > MOST_WIDTHS) widths.clear();
    if (!widths.has(words)) widths.set(words, context.measureText(words).width);
    return widths.get(words);
  }

  /** Where words may stand: above the box, below it, within it; never on the camera's name. */
  function tops(y1, y2) {
    const above = y1 - WORDS_HEIGHT - 3;
    const below = y2 + 3;
    return [
      ...(above >= NAME_HEIGHT ? [above] : []),
      ...(below + WORDS_HEIGHT <= size.height ? [below] : []),
      Math.min(Math.max(y1, NAME_HEIGHT) + 4, size.height - WORDS_HEIGHT),
    ];
  }

  function drawWords(words, left, top, width) {
    context.fillStyle = colours.tag;
    context.beginPath();
    context.roundRect(left, top, width, WORDS_HEIGHT, 3);
    context.fill();
    context.fillStyle = colours.words;
    context.fillText(words, left + 4, top + 12.5);
  }

  return {
    /**
     * @param {import('./types.js').NewResult|null} next
     * @param {number|null} picture_s when the picture was captured that it lies over
     */
    setResult(next, picture_s) {
      const other = next !== result;
      const ahead = next === null || picture_s === null || rests(next) ? 0 : Math.min(Math.max(picture_s - next.captured_at, 0), MOST_AHEAD_S);
      if (other) fastest = next === null ? 0 : fastestOf(next);
      const moved_px = Math.abs(ahead - ahead_s) * fastest * (size.width / (next?.width ?? 1));
      if (!other && moved_px < LEAST_MOVE_PX) return;
      result = next;
      ahead_s = ahead;
      draw();
    },
    /** Whether anything in it moves. */
    moves: () => result !== null && fastest > 0 && !rests(result),
    /** @param {{width: number, height: number}} next in CSS pixels */
    setSize(next) {
      if (next.width === size.width && next.height === size.height) return;
      size = next;
      draw();
    },
  };
}

/** A scene in which nothing has moved since. @param {import('./types.js').NewResult} result */
const rests = ({ captured_at, unchanged_until }) => (unchanged_until ?? 0) > captured_at;

/** @param {import('./types.js').NewResult} result */
const fastestOf = ({ faces, objects }) => Math.max(0, ...[...(faces ?? []), ...(objects ?? [])].map(({ velocity }) => (velocity ? Math.hypot(...velocity) : 0)));

const overlap = (one, other) => (
  Math.abs(one.top - other.top) < WORDS_HEIGHT && one.left < other.left + other.width && other.left < one.left + one.width
);
