// A receiver of notifyd's notifications: it verifies, takes each notification once, and sees a hole. Go 1.21, no module.
//
//	WEBHOOK_SECRET=whsec_… PORT=8090 go run examples/receivers/receiver.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Keep these in your database, in the transaction that does the work: a restart forgets what is here.
var (
	mutex   sync.Mutex
	taken   = map[string]bool{}
	missing = map[int]bool{}
	highest = -1
	secret  []byte
)

// isSigned: https://www.standardwebhooks.com. The bytes as they came, not JSON that was parsed and written again.
func isSigned(header http.Header, body []byte) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || math.Abs(float64(time.Now().Unix()-seconds)) > 300 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	// Several while a secret is rotated: one has to hold.
	for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(given), []byte(expected)) {
			return true
		}
	}
	return false
}

// count: numbers count up by one for this endpoint, and come in order for an appointment only. One that is missing may still come.
func count(sequence int) {
	if missing[sequence] {
		delete(missing, sequence)
		fmt.Println("found", sequence)
	}
	for next := highest + 1; highest >= 0 && next < sequence; next++ {
		missing[next] = true
		fmt.Println("missing", next)
	}
	if sequence > highest {
		highest = sequence
	}
}

// work: here your own begins. The payload is a patient's: it is not for a log.
func work(notification string, body []byte) error {
	var payload map[string]any
	if err := json.Unmarshal(body, &payload); err != nil {
		return err
	}
	fmt.Println("take", notification)
	return nil
}

func receive(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil || !isSigned(request.Header, body) {
		fmt.Println("refused")
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	mutex.Lock()
	defer mutex.Unlock()
	id := request.Header.Get("webhook-id")
	switch {
	case request.Header.Get("notification-test") == "true":
		fmt.Println("test")
	case taken[id]:
		fmt.Println("again")
	default:
		if err := work(request.Header.Get("notification-type"), body); err != nil {
			response.WriteHeader(http.StatusInternalServerError)
			return
		}
		taken[id] = true
		if sequence, err := strconv.Atoi(request.Header.Get("notification-sequence")); err == nil {
			count(sequence)
		}
	}
	// Any 2xx, and only once the work is done: after it notifyd never sends this again by itself.
	response.WriteHeader(http.StatusNoContent)
}

func main() {
	var err error
	secret, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_"))
	if err != nil || len(secret) < 24 {
		log.Fatal("WEBHOOK_SECRET: the endpoint's secret, whsec_…")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8090"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, http.HandlerFunc(receive)))
}
