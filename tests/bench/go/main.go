// A peer of the sms channel's door, as one would write it in an afternoon with Go's standard library,
// franz-go and rueidis (which sends commands of many requests together by itself): checks Twilio's
// signature, appends the message to a topic, answers when the broker has it. With -redis it passes
// over what it has seen, as the door does; without, every repeat is appended again. With -whole it
// writes what the door writes (event.go); without, the body as it came. No metrics, no limits.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"flag"
	"io"
	"log"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/redis/rueidis"
	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	listen  = flag.String("listen", "127.0.0.1:8011", "where to listen")
	brokers = flag.String("brokers", "127.0.0.1:9092", "where Kafka is")
	topic   = flag.String("topic", "bench.peer", "where messages go")
	token   = flag.String("token", "", "the auth token that signs")
	told    = flag.String("url", "", "the URL that the vendor was told")
	memory  = flag.String("redis", "", "where Redis is; empty: no message is known")
	whole   = flag.Bool("whole", false, "write the normalized event")
)

const (
	bodyBytesMax = 64 << 10
	seenKept     = 8 * 24 * time.Hour
)

// What was taken before. Null: nothing is remembered.
type seen struct{ client rueidis.Client }

func (s *seen) has(ctx context.Context, key string) bool {
	if s == nil {
		return false
	}
	// Without an answer it counts as new: the memory only saves work.
	count, err := s.client.Do(ctx, s.client.B().Exists().Key(key).Build()).AsInt64()
	return err == nil && count == 1
}

// Nobody waits for it.
func (s *seen) mark(key string) {
	if s == nil {
		return
	}
	go s.client.Do(context.Background(), s.client.B().Set().Key(key).Value("1").Ex(seenKept).Build())
}

func openSeen() *seen {
	if *memory == "" {
		return nil
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{*memory}, DisableCache: true})
	if err != nil {
		log.Fatal(err)
	}
	return &seen{client}
}

func signatureOf(form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	mac := hmac.New(sha1.New, []byte(*token))
	io.WriteString(mac, *told)
	for _, name := range names {
		for _, value := range form[name] {
			io.WriteString(mac, name)
			io.WriteString(mac, value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func main() {
	flag.Parse()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(*brokers, ",")...),
		kgo.DefaultProduceTopic(*topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(time.Millisecond),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := client.Ping(context.Background()); err != nil {
		log.Fatal(err)
	}
	known := openSeen()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			io.WriteString(w, "ok")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytesMax))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			http.Error(w, "not a form", http.StatusBadRequest)
			return
		}
		if !hmac.Equal([]byte(signatureOf(form)), []byte(r.Header.Get("X-Twilio-Signature"))) {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		key := "seen:" + form.Get("MessageSid")
		repeated := known.has(r.Context(), key)
		record := &kgo.Record{Key: []byte(form.Get("From")), Value: body}
		if *whole {
			if record, err = eventOf(r, form, body); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		if !repeated {
			if err := client.ProduceSync(r.Context(), record).FirstErr(); err != nil {
				http.Error(w, "come again", http.StatusServiceUnavailable)
				return
			}
			known.mark(key)
		}
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, "<Response/>")
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}
