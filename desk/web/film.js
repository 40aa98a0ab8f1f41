// film.js - the journal of a session, watched: its pictures, each for as long as it stood.
import {api} from './api.js';
import {el, during} from './dom.js';
import {texts} from './texts.js';

const SPEEDS = [1, 2, 4, 10, 50], TICK_MS = 50, DARK_MOST = 50;

// Lines of JSON, each with a PNG after it; the first line is what the maker said.
function parse(buffer) {
  const bytes = new Uint8Array(buffer), pictures = [];
  let at = bytes.indexOf(10) + 1, time = 0;
  while (at > 0 && at < bytes.length) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const {duration, length} = JSON.parse(new TextDecoder().decode(bytes.subarray(at, end)));
    const blob = new Blob([bytes.subarray(end + 1, end + 1 + length)], {type: 'image/png'});
    pictures.push({at: time, blob, url: URL.createObjectURL(blob)});
    time += duration;
    at = end + 1 + length;
  }
  return {pictures, length: time};
}

// Whether there is more to see than one colour, and a cursor.
async function showsSomething({blob}) {
  const bitmap = await createImageBitmap(blob), canvas = new OffscreenCanvas(40, 25), brush = canvas.getContext('2d');
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const {data} = brush.getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, at) => Math.abs(value - data[at % 4]) > 16);
}

// A machine that was just switched on is dark for a while: the film opens at its first picture.
async function opening(pictures) {
  for (const picture of pictures.slice(0, DARK_MOST))
    if (await showsSomething(picture).catch(() => true)) return picture.at;
  return 0;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

export async function filmPage(id) {
  const {pictures, length} = parse(await during(texts.makingFilm, 'film', api.jobs, api.film(id)));
  let at = await opening(pictures), timer = null, shown = -1;
  const image = el('img', {alt: ''}), time = el('span', {class: 'small'});
  const slider = el('input', {type: 'range', min: 0, max: length, step: 0.1, value: 0, 'aria-label': texts.filmAt, oninput: () => { at = Number(slider.value); draw(); }});
  const speed = el('select', {'aria-label': texts.filmSpeed}, SPEEDS.map((n) => el('option', {value: n}, texts.filmTimes(n))));
  const button = el('button', {class: 'main', onclick: () => (timer ? pause() : play())}, texts.filmPlay);

  function draw() {
    let low = 0, high = pictures.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (pictures[middle].at <= at) low = middle;
      else high = middle - 1;
    }
    if (low !== shown && pictures[low]) {
      shown = low;
      image.src = pictures[low].url;
    }
    image.alt = texts.filmPicture(clock(at));
    slider.value = at;
    slider.setAttribute('aria-valuetext', clock(at));
    time.textContent = texts.filmTime(clock(at), clock(length));
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    button.textContent = texts.filmPlay;
  }

  function play() {
    if (at >= length) at = 0;
    button.textContent = texts.filmPause;
    timer = setInterval(() => {
      at = Math.min(length, at + (TICK_MS / 1000) * Number(speed.value));
      draw();
      if (at >= length) pause();
    }, TICK_MS);
  }

  draw();
  return {
    title: texts.filmTitle,
    content: [
      el('p', {class: 'small'}, el('a', {href: '#/sessions'}, texts.sessions)),
      el('h1', {tabIndex: -1}, texts.filmTitle),
      el('div', {class: 'film'}, image),
      el('div', {class: 'bar'}, button, slider, speed, time),
    ],
    leave: () => {
      clearInterval(timer);
      for (const picture of pictures) URL.revokeObjectURL(picture.url);
    },
  };
}
