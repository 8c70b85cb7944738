package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/encoding/protowire"
)

// What the door makes of a message beside taking it: the same fields of the event
// (trama.interaction.v1.Interaction), with its derived id, the original without its signature, and
// the headers of a CloudEvent.

const (
	workspace = "load"
	account   = "sms"
	phoneKind = 2 // IDENTIFIER_KIND_PHONE
	inbound   = 1 // DIRECTION_INBOUND
	message   = 1 // KIND_MESSAGE
	plainText = 1 // Text.FORMAT_PLAIN
)

// Facts of the channel: the vendor's name and ours.
var facts = [][2]string{
	{"To", "to"}, {"NumSegments", "num_segments"}, {"MessagingServiceSid", "messaging_service_sid"},
	{"OptOutType", "opt_out_type"}, {"FromCity", "from_city"}, {"FromState", "from_state"},
	{"FromZip", "from_zip"}, {"FromCountry", "from_country"},
}

func putText(to []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), text)
}

func putNumber(to []byte, field protowire.Number, number uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), number)
}

func putMessage(to []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), inner)
}

func joined(parts ...string) string {
	var to strings.Builder
	for _, part := range parts {
		to.WriteString(strconv.Itoa(len(part)))
		to.WriteByte(':')
		to.WriteString(part)
	}
	return to.String()
}

// A UUID of version 8 (RFC 9562, 5.8).
func derivedID(parts ...string) string {
	digest := sha256.Sum256([]byte(joined("parts", joined(parts...))))
	digest[6] = digest[6]&0x0f | 0x80
	digest[8] = digest[8]&0x3f | 0x80
	text := hex.EncodeToString(digest[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func original(r *http.Request, body []byte) []byte {
	to := make([]byte, 0, 1024+len(body))
	to = append(to, r.Method+" "+r.URL.RequestURI()+" HTTP/1.1\r\nHost: "+r.Host+"\r\n"...)
	for name, values := range r.Header {
		if name == "X-Twilio-Signature" {
			continue
		}
		for _, value := range values {
			to = append(to, name+": "+value+"\r\n"...)
		}
	}
	return append(append(to, "\r\n"...), body...)
}

func traceparent() string {
	var ids [24]byte
	rand.Read(ids[:])
	return "00-" + hex.EncodeToString(ids[:16]) + "-" + hex.EncodeToString(ids[16:]) + "-00"
}

func eventOf(r *http.Request, form url.Values, body []byte) (*kgo.Record, error) {
	from, sid := form.Get("From"), form.Get("MessageSid")
	if !strings.HasPrefix(from, "+") || len(from) > 16 {
		return nil, fmt.Errorf("parameter From is not a sender")
	}
	now := time.Now()
	id := derivedID("sms", workspace, account, sid, "KIND_MESSAGE")
	key := workspace + "/phone:" + from
	value := make([]byte, 0, 2048)
	for field, text := range []string{1: id, 2: workspace, 3: "sms", 4: account} {
		if field > 0 {
			value = putText(value, protowire.Number(field), text)
		}
	}
	value = putNumber(value, 5, inbound)
	value = putNumber(value, 6, message)
	value = putText(value, 7, sid)
	value = putText(value, 9, key)
	identifier := putText(putNumber(nil, 1, phoneKind), 3, from)
	value = putMessage(value, 10, putText(putMessage(nil, 1, identifier), 2, from))
	received := putNumber(nil, 1, uint64(now.Unix()))
	value = putMessage(value, 12, putNumber(received, 2, uint64(now.Nanosecond())))
	text := putNumber(putText(nil, 1, form.Get("Body")), 2, plainText)
	value = putMessage(value, 13, putMessage(nil, 1, text))
	for _, fact := range facts {
		if said := form.Get(fact[0]); said != "" {
			value = putMessage(value, 27, putText(putText(nil, 1, fact[1]), 2, said))
		}
	}
	value = putMessage(value, 28, original(r, body))
	value = putText(value, 29, "message/http")

	header := func(name, value string) kgo.RecordHeader {
		return kgo.RecordHeader{Key: name, Value: []byte(value)}
	}
	return &kgo.Record{Key: []byte(key), Value: value, Headers: []kgo.RecordHeader{
		header("ce_specversion", "1.0"), header("ce_id", id), header("ce_source", "/trama/sms"),
		header("ce_type", "trama.interaction.v1.Interaction"),
		header("content-type", "application/protobuf"),
		header("ce_time", now.UTC().Format("2006-01-02T15:04:05.000Z")),
		header("ce_subject", "sms/"+account), header("traceparent", traceparent()),
	}}, nil
}
