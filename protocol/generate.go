package protocol

//go:generate go run ./internal/gencodes -ts ../packages/client/src/codes.ts -md ../spec/errors.md
