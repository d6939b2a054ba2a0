#!/bin/sh
# Written after the examples of pumba's guide.
# Add 3 seconds delay to mydb for 5 minutes
pumba netem --duration 5m delay --time 3000 mydb
pumba netem --duration 5m --interface eth1 delay \
    --time 3000 --jitter 30 --correlation 20 "re2:^test"
pumba --random netem --duration 5m \
    delay --time 3000 --jitter 40 --distribution normal container1 container2
pumba netem --duration 10m --target service-b --egress-port 5432 loss --percent 5 --correlation 25 service-a
pumba netem --duration 5m loss-state --p13 5 --p31 90 mydb
pumba netem --duration 5m loss-gemodel --pg 5 --pb 90 mydb
pumba netem --duration 5m duplicate --percent 10 --correlation 3 mydb
pumba netem --duration 5m --ingress-port 80,443 corrupt --percent 10 mydb
pumba netem --tc-image ghcr.io/alexei-led/pumba-alpine-nettools:latest --duration 10m rate --rate 1mbit --packetoverhead 20 mydb &
pumba iptables --duration 5m --protocol tcp --source 192.168.1.100 --dst-port 8080 loss --mode nth --every 5 api
sudo pumba iptables -d 30s -p tcp -s 10.0.0.0/24 --dst-port 443 loss --probability 0.25 web && pumba pause --duration 5s myapp
docker run -it --rm -v /var/run/docker.sock:/var/run/docker.sock gaiaadm/pumba --log-level info --interval 30s kill --signal SIGTERM --limit 2 web
pumba stop --time 30 myapp
pumba stop --restart --duration=1m myapp
pumba restart myapp
pumba rm --force=false myapp
pumba stress --duration 2m --stressors "--cpu 2 --cpu-load 80 --timeout 30s" api
