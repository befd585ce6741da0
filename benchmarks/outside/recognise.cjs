// What face-api.js' expression network (MIT) sees in every picture of a folder: a recogniser that others trained on other faces.
//   npm install && node recognise.cjs FOLDER OUT.csv
// Columns: file, found, neutral ... surprise, says. The largest face of each picture; its own detector and crop.
const fs = require('fs'), path = require('path');
const tf = require('@tensorflow/tfjs'), wasm = require('@tensorflow/tfjs-backend-wasm'), sharp = require('sharp');
const pkg = path.dirname(require.resolve('@vladmandic/face-api/package.json'));
const faceapi = require(path.join(pkg, 'dist/face-api.node-wasm.js'));
const NAMES = { neutral: 'neutral', happy: 'happy', sad: 'sad', angry: 'angry', fearful: 'fear', disgusted: 'disgust', surprised: 'surprise' };

function pictures(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const p = path.join(folder, e.name);
    return e.isDirectory() ? pictures(p) : /\.(png|jpe?g|webp)$/i.test(e.name) ? [p] : [];
  }).sort();
}

(async () => {
  const [folder, out] = process.argv.slice(2);
  if (!folder || !out) { console.error('usage: node recognise.cjs FOLDER OUT.csv'); process.exit(2); }
  wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')) + '/dist/');
  await tf.setBackend('wasm'); await tf.ready();
  for (const n of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceExpressionNet']) await faceapi.nets[n].loadFromDisk(path.join(pkg, 'model'));
  const rows = [['file', 'found', ...Object.values(NAMES), 'says'].join(',')];
  for (const file of pictures(folder)) {
    const { data, info } = await sharp(file).rotate().resize(640, 640, { fit: 'inside', withoutEnlargement: true }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    const t = tf.tensor3d(new Uint8Array(data), [info.height, info.width, info.channels], 'int32');
    const faces = await faceapi.detectAllFaces(t, new faceapi.SsdMobilenetv1Options({ minConfidence: 0.3 })).withFaceLandmarks().withFaceExpressions();
    t.dispose();
    const face = faces.sort((a, b) => b.detection.box.area - a.detection.box.area)[0];
    const p = face ? Object.keys(NAMES).map((n) => face.expressions[n]) : [];
    const says = face ? Object.values(NAMES)[p.indexOf(Math.max(...p))] : '';
    rows.push([path.relative(folder, file), face ? 1 : 0, ...Object.keys(NAMES).map((_, i) => (face ? p[i].toFixed(4) : '')), says].join(','));
  }
  fs.writeFileSync(out, rows.join('\n') + '\n');
  console.log(`${rows.length - 1} pictures -> ${out}`);
})();
