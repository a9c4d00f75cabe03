package main

import (
	"time"

	"github.com/tuttisync/tutti/internal/load"
)

const messageBytes = 100

// message is what is published: JSON that tells when.
func message(sent time.Time) []byte { return load.Message(sent, messageBytes) }
