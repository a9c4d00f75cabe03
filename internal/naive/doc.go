// Package naive is the text engine written twice: Eg-walker in the words of its
// paper (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker: Better,
// Faster, Smaller", EuroSys 2025), one code point at a time, over the whole
// history. It is slow, and plainly right. Tests hold package text, the server and
// its clients against it; nothing else uses it.
//
// A [Text] is a history of events with any parents. A [Log] is one whose entries
// have the pasts of rule TEXT-7. Neither is safe for concurrent use, and both
// panic on what does not fit: their caller made it.
package naive
