/** What the user, the image or the configuration mounts into a container. */
export type MountSpec =
  | {
      type: 'bind';
      source: string;
      destination: string;
      options: string[];
      recursive: boolean;
      create?: boolean;
      /** Below it the source lies; what is in there may be the work of containers, so links lead nowhere else. */
      within?: string;
    }
  | {
      type: 'volume';
      name: string;
      anonymous: boolean;
      destination: string;
      options: string[];
      subpath?: string;
      /** How the volume is made when it is not there. */
      create?: { options: Record<string, string>; labels: Record<string, string> };
    }
  | { type: 'tmpfs'; destination: string; options: string[]; copyUp: boolean; ramfs?: true }
  | { type: 'devpts'; destination: string; options: string[] }
  /** The files of an image. Read-only, unless the options hold `rw`: then changes last as long as the container runs. */
  | {
      type: 'image';
      /** As typed. */
      image: string;
      /** Found when the container is created; '' before. */
      imageId: string;
      destination: string;
      options: string[];
      subpath?: string;
    }
  /** From the image's VOLUME list, unless something else is mounted there. */
  | { type: 'image-volume'; name: string; destination: string; options: string[] };
