package inference

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// tokenise gives each word of a text its token: the same word, the same token.
func tokenise(text string, vocab int) []int {
	var tokens []int
	for _, word := range strings.Fields(text) {
		hash := fnv.New32a()
		hash.Write([]byte(word))
		tokens = append(tokens, int(hash.Sum32()%uint32(vocab)))
	}
	return tokens
}

// invent makes up a prompt of a length: the same length, the same prompt.
func invent(length, vocab int) []int {
	rng := rand.New(rand.NewPCG(uint64(length), 1))
	tokens := make([]int, length)
	for i := range tokens {
		tokens[i] = rng.IntN(vocab)
	}
	return tokens
}

var syllables = strings.Fields("ba be bi bo da de di do fa fe fi fo ga ge gi go ka ke ki ko la le li lo ma me mi mo na ne ni no")

// speak turns a token into a word, with the space before it. The model knows nothing, so the words mean nothing.
func speak(token int) string {
	word := " "
	for {
		word += syllables[token%len(syllables)]
		token /= len(syllables)
		if token == 0 {
			return word
		}
	}
}
