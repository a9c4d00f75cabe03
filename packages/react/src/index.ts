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
export { TuttiProvider, type TuttiProviderProps, useClient } from './provider.ts';
export { useStatus, useSyncStatus } from './status.ts';
export { type TopicOptions, useTopic } from './topic.ts';
