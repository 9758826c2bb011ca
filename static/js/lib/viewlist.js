// Views: named sets of cameras with a layout. The hub keeps them for each account. Pure.

import { arranged } from './order.js';

/**
 * @typedef {import('./types.js').ViewShown} ViewShown
 * @typedef {import('./types.js').CameraView} CameraView
 * @typedef {Pick<ViewShown, 'columns'|'shape'>} Layout
 */

/** The layout of the page of all cameras is kept as the account's view of this name. It also shows newer cameras. */
export const ALL = 'All cameras';
/** What the hub takes. */
const MOST_CAMERAS = 256;

/**
 * The view that is shown, if there is one of this name.
 * @param {ViewShown[]} views @param {string|null} name  null: of all cameras
 */
export const viewCalled = (views, name) => (
  views.find((view) => (name === null ? view.own && view.name === ALL : view.name === name)) ?? null
);

/** Those that a viewer can go to, the page of all cameras not among them. @param {ViewShown[]} views */
export const namedViews = (views) => views.filter(({ name, own }) => !(own && name === ALL));

/**
 * The cameras of a view in its order.
 * @param {CameraView[]} cameras @param {ViewShown[]} views @param {string|null} name  null: all cameras
 */
export function camerasOf(cameras, views, name) {
  const view = viewCalled(views, name);
  if (name === null) return arranged(cameras, view?.cameras ?? []);
  return arranged(cameras.filter(({ id }) => view?.cameras.includes(id)), view?.cameras ?? []);
}

/**
 * A list of views in which one has changed, or is new.
 * @param {ViewShown[]} views @param {string|null} name  null: of all cameras
 * @param {Partial<ViewShown>} fields @param {string[]} cameras of a view that is new
 * @returns {ViewShown[]}
 */
export function withView(views, name, fields, cameras) {
  const old = viewCalled(views, name);
  /** @type {ViewShown} */
  const usual = { name: name ?? ALL, cameras, columns: null, shape: null, shared: false, own: true };
  const now = { ...usual, ...old, ...fields };
  const view = { ...now, cameras: now.cameras.slice(0, MOST_CAMERAS) };
  return old ? views.map((each) => (each === old ? view : each)) : [...views, view];
}

/** Why a name cannot be a new view's; empty if it can. @param {ViewShown[]} views @param {string} name */
export function nameProblem(views, name) {
  if (name === '') return 'Write a name.';
  const taken = [ALL, ...views.filter(({ own }) => own).map((view) => view.name)];
  const same = taken.some((each) => each.toLowerCase() === name.toLowerCase());
  return same ? `There is a view called ${name}. Choose another name.` : '';
}
