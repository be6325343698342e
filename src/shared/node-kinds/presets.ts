/**
 * What a network was trained on: output channel c is (x / divisor - mean[c]) / std[c] for x in 0-255, with channels in
 * `order`.
 */
export interface Preprocessing {
  readonly order: 'rgb' | 'bgr'
  readonly divisor: number
  /** In `order`, after division. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

/**
 * The three families of ImageNet preprocessing, as in keras.applications.imagenet_utils (modes tf, torch and caffe) and
 * in the models of the ONNX zoo.
 */
export const presets = {
  /** RGB, x / 127.5 - 1: MobileNet, Inception and ResNet V2 of TensorFlow. */
  'imagenet-tf': { order: 'rgb', divisor: 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  /** RGB, (x / 255 - mean) / std: torchvision and most of the ONNX zoo. */
  'imagenet-torch': { order: 'rgb', divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  /** BGR minus the mean colour: ResNet-50 and VGG of Caffe and Keras. */
  'imagenet-caffe': { order: 'bgr', divisor: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
} as const satisfies Record<string, Preprocessing>
