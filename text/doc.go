// Package text is a text that several people edit at once, also offline, and
// that comes to the same everywhere: Eg-walker (Gentle and Kleppmann,
// "Collaborative Text Editing with Eg-walker: Better, Faster, Smaller", EuroSys
// 2025). It knows no server, no clock and no network.
//
// Positions count Unicode code points.
package text
