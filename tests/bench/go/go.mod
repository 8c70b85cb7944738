module trama/tests/bench

go 1.21

require (
	github.com/redis/rueidis v1.0.50
	github.com/twmb/franz-go v1.15.4
	google.golang.org/protobuf v1.34.2
)

require (
	github.com/klauspost/compress v1.16.7 // indirect
	github.com/pierrec/lz4/v4 v4.1.19 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.7.0 // indirect
	golang.org/x/sys v0.24.0 // indirect
)
