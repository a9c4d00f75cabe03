export { ConnectionBanner, type ConnectionBannerProps } from './banner.ts';
export {
  type Selecting,
  type Shown,
  useCounter,
  usePending,
  useRecord,
  useRecords,
  useSet,
  useText,
} from './documents.ts';
export { type MutationState, useMutation } from './mutation.ts';
export { useOptimisticState } from './optimistic.ts';
export {
  Avatars,
  type AvatarsProps,
  type Cursor,
  type CursorState,
  Cursors,
  type CursorsProps,
} from './people.ts';
export {
  type PresenceOptions,
  useMyPresence,
  useOthers,
  usePresence,
  useSignal,
  useUsers,
} from './presence.ts';
export { TuttiProvider, type TuttiProviderProps, useClient } from './provider.ts';
export { useStatus, useSyncStatus } from './status.ts';
export { type TopicOptions, useTopic } from './topic.ts';
