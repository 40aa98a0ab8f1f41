// sound.js - the sound of a session: frames from a WebSocket, which an AudioWorklet plays.
export class Sound {
  constructor(url) {
    this.url = url;
  }

  async begin() {
    this.context = new AudioContext({sampleRate: 48000, latencyHint: 'interactive'});
    await this.context.audioWorklet.addModule('/sound-worklet.js');
    this.node = new AudioWorkletNode(this.context, 'machine', {outputChannelCount: [2]});
    this.node.connect(this.context.destination);
    this.frames = 0;
    this.rest = new Uint8Array(0);
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({data}) => this.take(new Uint8Array(data));
    await this.context.resume();
  }

  // Messages are pieces of a stream: a frame may begin in one and end in the next.
  take(bytes) {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const whole = all.length - all.length % 4;
    this.rest = all.slice(whole);
    const samples = new Int16Array(all.buffer.slice(0, whole));
    this.frames += samples.length / 2;
    this.node.port.postMessage(samples, [samples.buffer]);
  }

  close() {
    this.socket?.close();
    this.context?.close();
  }
}
