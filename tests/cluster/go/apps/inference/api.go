package inference

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"vpa-inplace/tests/cluster/apps/internal/web"
)

// largest is how many bytes a request may have: far more than any context.
const largest = 1 << 20

// server answers in the shapes of OpenAI's completions API, as vLLM and SGLang do.
type server struct {
	engine *engine
	name   string // of the model
	vocab  int
}

// completion is what a client asks for. The prompt is a text, or a number of tokens that are made up.
type completion struct {
	Prompt       string `json:"prompt"`
	PromptTokens int    `json:"prompt_tokens"`
	MaxTokens    *int   `json:"max_tokens"` // 16 if it is not said, as OpenAI has it
	Stream       bool   `json:"stream"`
}

// answer is a whole answer, or one chunk of a stream.
type answer struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"` // in a stream with the last token
}

type choice struct {
	Index        int     `json:"index"`
	Text         string  `json:"text"`
	FinishReason *string `json:"finish_reason"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func (s *server) handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/completions", s.complete)
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {}) // an empty page, as vLLM answers probes
	mux.Handle("GET /metrics", web.Metrics(registry))
	return mux
}

func (s *server) complete(w http.ResponseWriter, r *http.Request) {
	arrived := s.engine.now()
	var asked completion
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, largest)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("the body is not JSON of a completion: %s", err))
		return
	}
	prompt, most, err := s.read(asked)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	request := newRequest(r.Context(), prompt, most, arrived)
	if err := s.engine.submit(request); err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, err.Error())
		return
	}
	s.tell(w, request, asked.Stream)
}

// read checks what a client asks for against what the model can do.
func (s *server) read(asked completion) (prompt []int, most int, err error) {
	most = 16
	if asked.MaxTokens != nil {
		most = *asked.MaxTokens
	}
	context := s.engine.limits.Context
	switch {
	case (asked.Prompt == "") == (asked.PromptTokens == 0):
		return nil, 0, fmt.Errorf("ask with either a prompt or a number of prompt_tokens")
	case most < 1:
		return nil, 0, fmt.Errorf("max_tokens must be at least 1; it is %d", most)
	case asked.PromptTokens < 0:
		return nil, 0, fmt.Errorf("prompt_tokens must be at least 1; it is %d", asked.PromptTokens)
	case asked.Prompt != "":
		prompt = tokenise(asked.Prompt, s.vocab)
	case asked.PromptTokens <= context:
		prompt = invent(asked.PromptTokens, s.vocab)
	}
	length := max(len(prompt), asked.PromptTokens)
	if length == 0 {
		return nil, 0, fmt.Errorf("the prompt has no words")
	}
	if length > context || most > context-length {
		return nil, 0, fmt.Errorf(
			"this model's context is %d tokens; %d of the prompt and %d of the answer do not fit: ask for less", context, length, most,
		)
	}
	return prompt, most, nil
}

// tell writes the answer: token by token as they come, or at the end.
func (s *server) tell(w http.ResponseWriter, r *request, stream bool) {
	if stream {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
	}
	text, answered := "", 0
	id := fmt.Sprintf("cmpl-%x", r.arrived.UnixNano())
	for token := range r.tokens {
		answered++
		word := speak(token)
		text += word
		if stream {
			s.chunk(w, s.shape(r, id, word, answered))
		}
	}
	switch {
	case answered < r.most && stream: // the client has left, or the process ends: no mark of the end
	case answered < r.most && r.ctx.Err() == nil:
		refuse(w, http.StatusServiceUnavailable, "the server ended before the answer did; ask another one")
	case stream:
		fmt.Fprint(w, "data: [DONE]\n\n")
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.shape(r, id, text, answered)) // fails only where nobody listens any more
	}
}

// shape is the answer with a text, of which so many tokens are known.
func (s *server) shape(r *request, id, text string, answered int) answer {
	a := answer{
		ID: id, Object: "text_completion", Created: r.arrived.Unix(), Model: s.name, Choices: []choice{{Text: text}},
	}
	if answered == r.most {
		reason := lengthReached
		a.Choices[0].FinishReason = &reason
		a.Usage = &usage{len(r.prompt), answered, len(r.prompt) + answered}
	}
	return a
}

// chunk sends one token on its way at once. An error here is a client that left, of which the engine hears as well.
func (s *server) chunk(w http.ResponseWriter, a answer) {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // strings and numbers only
	}
	fmt.Fprintf(w, "data: %s\n\n", text)
	_ = http.NewResponseController(w).Flush()
}

// refuse answers an error in OpenAI's shape.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": map[string]any{"message": message, "type": http.StatusText(status), "code": status},
	})
}
