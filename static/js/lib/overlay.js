// Draws what was found in one camera's picture, on a canvas of its own above it, sharp on every screen.
// Runs where the pictures are painted, so that both change together.

import { placeLabels, LABEL_HEIGHT } from './labels.js';
import { faceWords, personHue } from './people.js';

const HUES = 12;
const CROWD = 24;
const NARROWEST_FOR_WORDS = 20;
const MOST_WIDTHS = 2000;
/** The camera's name lies over the upper edge of the picture. */
const NAME_HEIGHT = 38;
/** On a smaller picture words would cover what they tell of; the tile's own line tells it. */
const NARROWEST_PICTURE = 180;
/** Words grow with pictures that are higher than this. */
const USUAL_HEIGHT = 640;
const MOST_ZOOM = 2.5;
/** What fades is drawn in steps: the eye sees no more, and strokes of one kind are one stroke. */
const FADE_STEPS = 4;

/**
 * @typedef {import('./types.js').Face & {alpha?: number}} Face
 * @typedef {import('./types.js').DetectedObject & {alpha?: number}} Thing
 *
 * @typedef {object} Item  what is drawn, in CSS pixels
 * @property {number[]} box
 * @property {string} hue
 * @property {string} words
 * @property {number} alpha
 * @property {number[][]} points
 */

/**
 * Colours and letters of the page's style, which a canvas has to be told, in a worker too.
 * @returns {import('./views.js').Look}
 */
export function lookOfPage() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    hues: Array.from({ length: HUES }, (_, index) => colour(`--hue-${index + 1}`)),
    outline: colour('--overlay-outline'),
    tag: colour('--overlay-tag'),
    words: colour('--on-picture'),
    font: `600 12px ${colour('--font')}`,
  };
}

/** Measuring text is dear, and the same words come again and again. @type {Map<string, number>} */
const widths = new Map();

/**
 * The same thing keeps its hue: a known person everywhere, another thing by its track, an object without one by its
 * label. Faces without a track share one.
 * @param {Face|Thing} item
 */
function hueOf(item) {
  if ('person' in item && item.person) return personHue(item.person.id);
  return (item.track_id ?? ('label_id' in item ? item.label_id : 0)) % HUES;
}

/** @param {number} score */
const percent = (score) => `${Math.round(score * 100)}%`;

/**
 * Radius of a landmark in CSS pixels: a face of 40 must not be covered, one of 400 shows dots.
 * @param {number} width of the face
 */
const pointRadius = (width) => Math.min(2, Math.max(0.5, width / 75));

/**
 * Points that are guesses are not drawn, but the few that the detector saw.
 * @param {Face|Thing} item @returns {[number, number][]}
 */
function pointsOf(item) {
  if (!('landmarks' in item) || !item.landmarks) return [];
  return (item.landmarks_guessed ? item.points : item.landmarks) ?? [];
}

/**
 * @param {OffscreenCanvas} canvas
 * @param {import('./views.js').Look} look
 */
export function createOverlay(canvas, look) {
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  let size = { width: 0, height: 0, ratio: 1 };
  /** @type {import('./types.js').NewResult|null} */
  let result = null;
  let drawn = '';
  /** @type {import('./views.js').Layers} */
  let layers = { boxes: true, points: true, names: true };

  function draw() {
    const ratio = size.ratio;
    const items = result && size.width > 0 ? placed(result, ratio) : [];
    // What rests looks the same in one picture as in the next.
    const now = JSON.stringify([size, items, layers]);
    if (now === drawn) return;
    drawn = now;
    const width = Math.round(size.width * ratio);
    const height = Math.round(size.height * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const line = items.length > CROWD ? 1 : 2;
    for (const alpha of new Set(items.map((item) => item.alpha))) {
      context.globalAlpha = alpha;
      const alike = items.filter((item) => item.alpha === alpha);
      if (layers.boxes) drawBoxes(alike, line);
      if (layers.points) alike.forEach((item) => drawPoints(item));
    }
    if (layers.names && size.width >= NARROWEST_PICTURE) drawAllWords(items);
    context.globalAlpha = 1;
  }

  /**
   * What was found, in CSS pixels, edges on whole pixels of the screen; faces lie above objects.
   * @param {import('./types.js').NewResult} found @param {number} ratio
   */
  function placed({ width, objects, faces }, ratio) {
    const scale = size.width / width;
    /** @param {number} value */
    const snap = (value) => Math.round(value * scale * ratio) / ratio;
    /** @param {Face|Thing} item @param {string} words @returns {Item} */
    const place = (item, words) => ({
      box: item.box.map(snap),
      hue: look.hues[hueOf(item)],
      words,
      alpha: Math.ceil((item.alpha ?? 1) * FADE_STEPS) / FADE_STEPS,
      points: pointsOf(item).map(([x, y]) => [tenth(x * scale), tenth(y * scale)]),
    });
    return [
      ...(objects ?? []).map((object) => place(object, `${object.label} ${percent(object.score)}`)),
      ...(faces ?? []).map((face) => place(face, faceWords(face) ?? percent(face.score))),
    ];
  }

  /**
   * All dark outlines in one stroke, then a stroke per hue: a crowd costs as few calls as one box.
   * @param {Item[]} items @param {number} line
   */
  function drawBoxes(items, line) {
    context.lineJoin = 'round';
    strokeAll(items, look.outline, line + 2, line);
    for (const hue of new Set(items.map((item) => item.hue))) {
      strokeAll(items.filter((item) => item.hue === hue), hue, line, line);
    }
  }

  /** @param {Item[]} items @param {string} colour @param {number} width @param {number} line of the boxes */
  function strokeAll(items, colour, width, line) {
    const half = (line % 2) / 2;
    context.beginPath();
    for (const { box: [x1, y1, x2, y2] } of items) context.rect(x1 + half, y1 + half, x2 - x1, y2 - y1);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  /** @param {Item} item */
  function drawPoints({ box, hue, points }) {
    if (points.length === 0) return;
    const radius = pointRadius(box[2] - box[0]);
    if (radius >= 1) fillPoints(points, radius + 0.75, look.outline);
    fillPoints(points, radius, hue);
  }

  /** @param {number[][]} points @param {number} radius @param {string} colour */
  function fillPoints(points, radius, colour) {
    context.beginPath();
    for (const [x, y] of points) {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fillStyle = colour;
    context.fill();
  }

  /** On a large picture the words are larger: it is looked at from further away. @param {Item[]} items */
  function drawAllWords(items) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, size.height / USUAL_HEIGHT));
    const named = items.filter(({ box, words }) => words && box[2] - box[0] >= NARROWEST_FOR_WORDS * zoom);
    context.setTransform(size.ratio * zoom, 0, 0, size.ratio * zoom, 0, 0);
    context.font = look.font;
    const wanted = named.map(({ box, words }) => ({ box: box.map((edge) => edge / zoom), width: widthOf(words) + 8 }));
    const room = { width: size.width / zoom, height: size.height / zoom, top: NAME_HEIGHT };
    placeLabels(wanted, room).forEach((place, index) => {
      if (!place) return;
      context.globalAlpha = named[index].alpha;
      drawWords(named[index].words, place.left, place.top, wanted[index].width);
    });
  }

  /** @param {string} words */
  function widthOf(words) {
    if (widths.size > MOST_WIDTHS) widths.clear();
    const width = widths.get(words) ?? Math.ceil(context.measureText(words).width);
    widths.set(words, width);
    return width;
  }

  /** @param {string} words @param {number} left @param {number} top @param {number} width */
  function drawWords(words, left, top, width) {
    context.fillStyle = look.tag;
    context.beginPath();
    context.roundRect(left, top, width, LABEL_HEIGHT, 3);
    context.fill();
    context.fillStyle = look.words;
    context.fillText(words, left + 4, top + 12.5);
  }

  return {
    /** @param {import('./types.js').NewResult|null} next what was found in the picture that is shown */
    draw(next) {
      result = next;
      draw();
    },
    /** @param {import('./views.js').Layers} next */
    setLayers(next) {
      layers = next;
      draw();
    },
    isEmpty: () => !result?.faces?.length && !result?.objects?.length,
    /** @param {{width: number, height: number, ratio: number}} next in CSS pixels, and pixels of the screen for each */
    setSize(next) {
      size = next;
      draw();
    },
  };
}

/** @param {number} value */
const tenth = (value) => Math.round(value * 10) / 10;
