// media.js - putting media into a session's drives, and bringing images.
import {api} from './api.js';
import {el, say, ask} from './dom.js';
import {texts} from './texts.js';

const PIECE = 40960; // bytes of an image that are sent at a time
const NAME = 120; // bytes of its name that are kept

async function bring(file, status) {
  const begun = performance.now();
  let digest;
  const name = new TextDecoder().decode(new TextEncoder().encode(file.name).slice(0, NAME), {stream: true}); // no half of a character
  const {id} = await api.upload(name, file.size);
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    ({image: digest} = await api.uploadPiece(id, btoa(text)));
    const part = Math.min(1, (at + PIECE) / file.size), passed = (performance.now() - begun) / 1000;
    status.textContent = texts.uploading(file.name, Math.round(part * 100), passed > 2 ? texts.left(passed / part - passed) : '');
  }
  say(texts.uploaded(file.name));
  return `upload ${digest}`;
}

export async function chooseMedium(id, me) {
  const drive = el('select', {}, Object.entries(texts.drives).map(([value, text]) => el('option', {value}, text)));
  const image = el('select', {}), status = el('p', {class: 'small', role: 'status'});
  async function fill() {
    const media = await api.media();
    image.replaceChildren(...media.map((one) => el('option', {value: `${one.from} ${one.image}`}, `${one.name}, ${texts.bytes(one.size)} (${texts.mediaFrom[one.from]})`)),
      el('option', {value: ''}, texts.mediaNone));
  }
  await fill();
  const file = me.role === 'archivist' && el('input', {type: 'file', onchange: async () => {
    try {
      const brought = file.files[0] && await bring(file.files[0], status);
      await fill();
      if (brought) image.value = brought;
    } catch (error) {
      status.textContent = texts.failed(error.message);
    }
  }});
  const chosen = await ask(texts.mediaTitle, [
    el('p', {}, texts.mediaSaid),
    el('label', {}, texts.mediaDrive, ' ', drive), el('label', {}, texts.mediaImage, ' ', image),
    file && el('label', {}, texts.upload, ' ', file), status,
  ], [['', texts.cancel], ['insert', texts.mediaInsert, 'main']]);
  if (chosen !== 'insert') return false;
  await api.insert(id, drive.value, image.value);
  say(texts.mediaInserted);
  return true;
}
