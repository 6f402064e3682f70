package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"
)

func main() {
	exp := time.Now().Add(15 * time.Minute) // at most 7 days
	query := url.Values{
		"client_id": {"customer-42"}, // at most 100 characters, ASCII
		"ref":       {"order-1001"},  // your own; may be left out
		"exp":       {strconv.FormatInt(exp.Unix(), 10)},
	}.Encode()
	secret := []byte(os.Getenv("ENTRYPASS_SECRET"))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("{{ v.slug }}?" + query))
	sig := hex.EncodeToString(mac.Sum(nil))
	fmt.Println("{{ v.url }}?" + query + "&sig=" + sig)
}
