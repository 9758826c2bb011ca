// Draws what was found in one camera's picture, on a canvas of its own above it, sharp on every screen.

const HUES = 12;
const LINE = 2;
const OUTLINE = 4;
const NARROWEST_FOR_WORDS = 20;
const WORDS_HEIGHT = 17;
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

/** @param {HTMLCanvasElement} canvas */
export function createOverlay(canvas) {
  const context = canvas.getContext('2d');
  const colours = palette();
  let size = { width: 0, height: 0 };
  /** @type {import('./types.js').Result|null} */
  let result = null;

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    if (!result || canvas.width === 0) return;
    context.scale(ratio, ratio);
    const scale = size.width / result.width;
    (result.objects ?? []).forEach((object, index) => drawItem(object, index, scale, object.label));
    (result.faces ?? []).forEach((face, index) => drawItem(face, index, scale, face.person?.name));
  }

  function drawItem(item, index, scale, name) {
    const hue = colours.hues[(item.track_id ?? index) % HUES];
    const [x1, y1, x2, y2] = item.box.map((value) => value * scale);
    context.lineJoin = 'round';
    strokeBox([x1, y1, x2 - x1, y2 - y1], colours.outline, OUTLINE);
    strokeBox([x1, y1, x2 - x1, y2 - y1], hue, LINE);
    (item.landmarks ?? []).forEach(([x, y]) => drawPoint(x * scale, y * scale, hue));
    const words = [name, `${Math.round(item.score * 100)}%`].filter(Boolean).join(' ');
    if (x2 - x1 >= NARROWEST_FOR_WORDS) drawWords(words, x1, wordsTop(y1, y2));
  }

  function strokeBox(box, colour, width) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(...box);
  }

  function drawPoint(x, y, hue) {
    for (const [radius, colour] of [[2, colours.outline], [1.25, hue]]) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
    }
  }

  /** Above the box; below it, or within it, where that would cover the camera's name. */
  function wordsTop(y1, y2) {
    if (y1 - WORDS_HEIGHT - 3 >= NAME_HEIGHT) return y1 - WORDS_HEIGHT - 3;
    return y2 + WORDS_HEIGHT + 3 <= size.height ? y2 + 3 : Math.max(y1, NAME_HEIGHT) + 4;
  }

  function drawWords(words, x, top) {
    context.font = colours.font;
    const width = context.measureText(words).width + 8;
    const left = Math.max(0, Math.min(x - 2, size.width - width));
    context.fillStyle = colours.tag;
    context.beginPath();
    context.roundRect(left, top, width, WORDS_HEIGHT, 3);
    context.fill();
    context.fillStyle = colours.words;
    context.fillText(words, left + 4, top + 12.5);
  }

  return {
    /** @param {import('./types.js').Result|null} next */
    setResult(next) {
      if (next === result) return;
      result = next;
      draw();
    },
    /** @param {{width: number, height: number}} next in CSS pixels */
    setSize(next) {
      if (next.width === size.width && next.height === size.height) return;
      size = next;
      draw();
    },
  };
}
