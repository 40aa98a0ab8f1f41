// sound-worklet.js - plays frames as they come: 16 bits, left and right. It begins when some have come, and leaves out what would make it late.
const BEGIN = 2880, MOST = 14400; // frames that wait: 60 ms, 300 ms

registerProcessor('machine', class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.pieces = [];
    this.at = 0; // in the first piece
    this.waiting = 0; // frames
    this.plays = false;
    this.port.onmessage = ({data}) => {
      this.pieces.push(data);
      this.waiting += data.length / 2;
      while (this.waiting > MOST) this.drop();
    };
  }

  drop() {
    this.waiting -= this.pieces.shift().length / 2 - this.at;
    this.at = 0;
  }

  process(inputs, [[left, right]]) {
    this.plays = this.waiting >= (this.plays ? 1 : BEGIN);
    for (let i = 0; i < left.length && this.plays && this.pieces.length; i++) {
      left[i] = this.pieces[0][2 * this.at] / 32768;
      right[i] = this.pieces[0][2 * this.at + 1] / 32768;
      this.waiting--;
      if (2 * ++this.at >= this.pieces[0].length) {
        this.pieces.shift();
        this.at = 0;
      }
    }
    return true;
  }
});
