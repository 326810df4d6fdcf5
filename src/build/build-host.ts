import type { Libpod } from '../libpod/context.ts';
import type { ResolvedImage } from '../image/resolve.ts';
import type { MadeImage } from '../image/made-image.ts';
import type { PullEvent } from '../image/pull-options.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { PullChoice } from './build-options.ts';

/** What a build works on; the engine makes it. */
export interface BuildHost extends Libpod {
  /** The name of the network that is meant by a name or an id. */
  lookupNetwork(nameOrId: string): string;
  /** Finds the image, or brings it here as the policy wants. */
  obtainImage(name: string, wish: ImageWish): Promise<ResolvedImage>;
  /** Fetches an image whose layers are wanted; `use` takes hold of them, then the image goes. Undefined: there is none. */
  borrowImage<T>(name: string, wish: ImageWish, use: (image: ImageRecord) => T): Promise<T | undefined>;
  /** Sends an image of layers that are here, which is no image of this host. */
  pushMade(image: MadeImage, destination: string, signal: AbortSignal): Promise<void>;
}

export interface ImageWish {
  policy: PullChoice;
  /** `linux/amd64` */
  platform: string;
  signal: AbortSignal | undefined;
  progress: (event: PullEvent) => void;
}
